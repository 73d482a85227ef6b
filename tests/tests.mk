# SPDX-License-Identifier: BSD-3-Clause
# What proves the C code; each target works alone. Included by the Makefile.

# One program per module. What is of one store alone runs with that store.
TEST_NAMES := $(filter-out test_lmdb test_mongodb,\
	$(patsubst tests/%.c,%,$(wildcard tests/test_*.c))) \
	$(patsubst tests/%.c,%,$(wildcard tests/test_$(STORE).c))
TESTS := $(TEST_NAMES:%=$(OUT)/tests/%)
STORE_TESTS := $(filter $(OUT)/tests/test_store%,$(TESTS))
TEST_SUPPORT := $(OUT)/obj/tests/support.o $(OUT)/obj/tests/talk.o

$(OUT)/tests/%: $(OUT)/obj/tests/%.o $(TEST_SUPPORT) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) -no-pie $^ $(LIBS) -lcmocka -o $@

run_tests = @for t in $(1); do $$t || exit 1; done

check-unit: $(TESTS)
	$(call run_tests,$^)

# The contract of store.h, for the store that is chosen.
check-store: $(STORE_TESTS)
	$(call run_tests,$^)

.PHONY: check-unit check-store

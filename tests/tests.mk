# SPDX-License-Identifier: BSD-3-Clause
# The tests of the C code; each target works alone. Included by the Makefile.

# One program per module. A store's own tests run with that store alone.
TEST_NAMES := $(filter-out $(foreach store,$(STORES),$(TEST_NAMES_$(store))),\
	$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))) \
	$(TEST_NAMES_$(STORE))
TESTS := $(TEST_NAMES:%=$(OUT)/tests/unit/%)
STORE_TESTS := $(filter $(OUT)/tests/unit/test_store% \
	$(TEST_NAMES_$(STORE):%=$(OUT)/tests/unit/%),$(TESTS))
UNIT_TESTS := $(filter-out $(STORE_TESTS),$(TESTS))
TEST_SUPPORT := $(addprefix $(OUT)/obj/tests/unit/,support.o talk.o)

# These tests step the clock; a poller also shortens its sleeps.
POLL_TESTS := $(OUT)/tests/unit/test_poll $(OUT)/tests/unit/test_poll_absence
$(POLL_TESTS): $(OUT)/obj/tests/unit/poller.o
$(POLL_TESTS): LDFLAGS += \
	-Wl,--wrap=clock_gettime,--wrap=sf_wake_wait
$(OUT)/tests/unit/test_queue: LDFLAGS += -Wl,--wrap=clock_gettime
$(OUT)/tests/unit/test_health: LDFLAGS += \
	-Wl,--wrap=clock_gettime,--wrap=poll,--wrap=sf_store_probe

# This test starts its own server.
$(OUT)/tests/unit/test_mongodb: $(OUT)/obj/tests/unit/private_mongodb.o

$(TESTS): $(OUT)/tests/unit/%: $(OUT)/obj/tests/unit/%.o $(TEST_SUPPORT) $(LIBRARY)
	@mkdir -p $(@D)
	$(call SHORT,LD)$(CC) $(SANITIZE) $(LDFLAGS) -no-pie \
		$(filter %.o,$^) $(LIBRARY) $(LIBS) -lcmocka -o $@

# Prints the whole output of a test program only if it fails. Always prints the
# lines of skipped tests.
$(TESTS:=.run): %.run: %
	@SFCHAT_CONF= $(UNDER) $< >$<.log 2>&1 || { cat $<.log; exit 1; }
	@echo "$(notdir $<): $$(grep -c '^\[       OK' $<.log) passed"
	@grep SKIPPED $<.log || :

check-unit: $(UNIT_TESTS:=.run)

# The contract of store.h, for the chosen store.
check-store: $(STORE_TESTS:=.run)

# The unit tests and the contract with MongoDB, then the background jobs and the
# API through lighttpd, also while MongoDB is killed. These tests share a database,
# so they run one after the other.
check-mongodb:
	@scripts/test-mongodb run $(MAKE) --no-print-directory --jobs=1 \
		STORE=mongodb check-unit check-store check-jobs all
	SFCHAT_STORE_KIND=mongodb SFCHAT_SERVE=scgi scripts/test-mongodb run \
		$(NODE_TEST) $(patsubst %,tests/web/%.test.mjs,\
		api life messages poll)
	SFCHAT_STORE_KIND=mongodb scripts/test-mongodb run \
		$(NODE_TEST) tests/mongodb/*.test.mjs tests/web/life.test.mjs

# One site on two machines, in network namespaces: needs root. The test itself runs
# in a namespace too, with its ends of the virtual cables: Chromium drops its
# connections when an interface of this machine comes or goes. Waits for
# check-mongodb, since both build in $(BUILD)/mongodb.
OWN_NETWORK := $(if $(filter 0,$(shell id -u)),\
	unshare --net sh -c 'ip link set lo up && exec "$$@"' sh)
check-nodes: site | $(filter check-mongodb,$(MAKECMDGOALS))
	@$(MAKE) --no-print-directory STORE=mongodb programs
	SFCHAT_STORE_KIND=mongodb SFCHAT_SERVE=scgi $(OWN_NETWORK) $(NODE_TEST) \
		tests/nodes/*.test.mjs

# The unit tests, the programs without a server and the API through lighttpd, all
# built with AddressSanitizer and UndefinedBehaviorSanitizer.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
ASAN_MAKE := $(MAKE) --no-print-directory BUILD=$(BUILD)/asan \
	LDSTATIC=-no-pie CFLAGS='-O1 -g' SANITIZE='$(SANITIZERS)'
check-asan:
	@$(ASAN_MAKE) check-unit check-store
	@$(ASAN_MAKE) all
	SFCHAT_BUILD=$(BUILD)/asan $(NODE_TEST) tests/cgi/*.test.mjs \
		$(patsubst %,tests/web/%.test.mjs,api life messages poll)
	SFCHAT_BUILD=$(BUILD)/asan SFCHAT_SERVE=scgi $(NODE_TEST) \
		tests/web/life.test.mjs
	@$(ASAN_MAKE) check-jobs \
		JOBS_lmdb='$(patsubst %,tests/jobs/%.test.mjs,jobs terminate)'
	@scripts/test-mongodb run $(ASAN_MAKE) --jobs=1 STORE=mongodb $(patsubst \
		%,$(BUILD)/asan/mongodb/tests/unit/%.run,test_snapshot test_mongodb test_store)

UNDER_DIR := $(BUILD)/valgrind/under/$(STORE)/cgi-bin
check-valgrind:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/valgrind LDSTATIC=-no-pie \
		UNDER='valgrind -q --error-exitcode=99' \
		check-unit check-store programs
	@rm -rf $(UNDER_DIR)
	tests/tools/under-valgrind $(BUILD)/valgrind/$(STORE)/cgi-bin $(UNDER_DIR)
	SFCHAT_BUILD=$(BUILD)/valgrind/under $(NODE_TEST) tests/cgi/*.test.mjs
	@! cat $(UNDER_DIR)/*.log | grep .

# Each fuzz target runs for FUZZ_SECONDS; findings stay below build/.
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZERS := $(FUZZ_NAMES:%=$(OUT)/tests/fuzz/%)
FUZZ_SECONDS := 20

$(FUZZERS): $(OUT)/tests/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call SHORT,LD)$(CC) -fsanitize=fuzzer $(SANITIZE) $(LDFLAGS) -no-pie $^ $(LIBS) -o $@

$(FUZZERS:=.fuzz): %.fuzz: %
	@mkdir -p $<.corpus
	@echo "$(notdir $<): $(FUZZ_SECONDS) s"
	@$< -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=10 \
		-artifact_prefix=$<- -verbosity=0 -print_final_stats=1 \
		$<.corpus tests/fuzz/corpus/$(notdir $<) >$<.log 2>&1 || \
		{ cat $<.log; exit 1; }
	@grep number_of_executed_units $<.log

check-fuzz:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang \
		CFLAGS='-O1 -g' FUZZ_SECONDS=$(FUZZ_SECONDS) \
		SANITIZE='$(SANITIZERS) -fsanitize=fuzzer-no-link' run-fuzzers

run-fuzzers: $(FUZZERS:=.fuzz)

# make fuzz SECONDS=3600
SECONDS ?= 600
fuzz:
	@$(MAKE) --no-print-directory FUZZ_SECONDS=$(SECONDS) check-fuzz

check-floors:
	tests/tools/check-floors
	tests/tools/check-references

# The manual pages are well formed, and say what the programs do.
check-man:
	tests/tools/check-man

# systemd understands the units of systemd/, and they are hardened.
check-units:
	@tests/tools/check-units

C_FILES = $(shell git ls-files '*.c' '*.h')
check-format:
	@clang-format --dry-run -Werror $(C_FILES)

format:
	@clang-format -i $(C_FILES)

LINT = tests/tools/check-lint $(ALL_CFLAGS) $(INCLUDES) $(patsubst \
	-I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES_mongodb)))
check-lint: check-format check-man check-units
	@$(LINT)

# The same, but compilers, cppcheck and clang-tidy see only the .c files that
# differ from HEAD; and the types of the page's scripts.
lint: check-format check-types check-man check-units
	@$(if $(ALL),,CHANGED=1) $(LINT)

.PHONY: check-unit check-store check-mongodb check-nodes check-asan check-valgrind check-fuzz fuzz \
	run-fuzzers check-floors check-man check-units check-format format check-lint lint $(TESTS:=.run) $(FUZZERS:=.fuzz)

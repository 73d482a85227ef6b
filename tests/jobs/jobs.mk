# SPDX-License-Identifier: BSD-3-Clause
# What proves the background and the wake-ups over Redis. Included by the
# Makefile.

# Run by check-unit; each starts a Redis of its own.
REDIS_TESTS := $(addprefix $(OUT)/tests/,test_queue test_wake test_wake_redis)

$(REDIS_TESTS): $(OUT)/obj/tests/private_redis.o

$(OUT)/tests/jobs/fill: $(OUT)/obj/tests/jobs/fill.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) -no-pie $^ $(LIBS) -o $@

check-jobs: programs $(OUT)/tests/jobs/fill
	SFCHAT_BUILD=$(abspath $(BUILD)) SFCHAT_STORE_KIND=$(STORE) \
		$(NODE_TEST) --test-concurrency=1 tests/jobs/*.test.mjs

.PHONY: check-jobs

# SPDX-License-Identifier: BSD-3-Clause
# What proves the queue, the wake-ups over Redis and the programs of cron/.
# Included by the Makefile.

# Each starts a Redis of its own.
REDIS_TESTS := $(addprefix $(OUT)/tests/,test_queue test_wake test_wake_redis)

$(REDIS_TESTS): $(OUT)/obj/tests/private_redis.o

$(OUT)/tests/jobs/fill: $(OUT)/obj/tests/jobs/fill.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) -no-pie $^ $(LIBS) -o $@

check-jobs: programs $(REDIS_TESTS) $(OUT)/tests/jobs/fill
	$(call run_tests,$(REDIS_TESTS))
	SFCHAT_BUILD=$(abspath $(BUILD)) SFCHAT_STORE_KIND=$(STORE) \
		$(NODE_TEST) --test-concurrency=1 tests/jobs/*.test.mjs

.PHONY: check-jobs

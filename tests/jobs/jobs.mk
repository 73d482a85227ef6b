# SPDX-License-Identifier: BSD-3-Clause
# The tests of the background jobs and of the wake-ups over Redis. Included by
# the Makefile.

# check-unit runs these; each starts a Redis of its own.
REDIS_TESTS := $(addprefix $(OUT)/tests/unit/,test_health test_queue \
	test_queue_kinds test_redis test_redis_tls test_site test_wake \
	test_wake_redis)

$(REDIS_TESTS): $(OUT)/obj/tests/unit/private_redis.o

$(OUT)/tests/jobs/fill: $(OUT)/obj/tests/jobs/fill.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) -no-pie $^ $(LIBS) -o $@

# The tests of each store. With MongoDB, only the tests that use the store: LMDB
# runs the others.
SWEEPS := sweep|closes|closed|killed worker
JOBS_lmdb := tests/jobs/*.test.mjs
JOBS_mongodb := --test-name-pattern='$(SWEEPS)' \
	tests/jobs/terminate.test.mjs tests/jobs/worker.test.mjs

check-jobs: programs $(OUT)/tests/jobs/fill
	SFCHAT_BUILD=$(abspath $(BUILD)) SFCHAT_STORE_KIND=$(STORE) \
		$(NODE_TEST) --test-concurrency=1 $(JOBS_$(STORE))

.PHONY: check-jobs

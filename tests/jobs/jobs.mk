# SPDX-License-Identifier: BSD-3-Clause
# What proves the queue, the wake-ups over Redis and the programs of cron/.
# Included by the Makefile.

# Each starts a Redis of its own.
REDIS_TESTS := $(addprefix $(OUT)/tests/,test_queue test_wake test_wake_redis)

$(REDIS_TESTS): $(OUT)/obj/tests/private_redis.o

/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock is read in milliseconds. */
#include "base/clock.h"
#include "support.h"

static void the_given_clock_is_read(void **state)
{
	int64_t before_ms = (int64_t)time(NULL) * 1000;
	int64_t now_ms = sf_clock_ms(CLOCK_REALTIME);

	(void)state;
	assert_in_range(now_ms, before_ms, before_ms + 60000);
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) < before_ms);
}

static void its_unit_is_the_millisecond(void **state)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	(void)state;
	(void)nanosleep(&pause, NULL);
	assert_in_range(sf_clock_ms(CLOCK_MONOTONIC) - start_ms, 49, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_given_clock_is_read),
		cmocka_unit_test(its_unit_is_the_millisecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The system's clocks in milliseconds. */
#include "base/clock.h"
#include "support.h"

static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	assert_int_equal(clock_gettime(clock, &now), 0);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void the_given_clock_is_read_in_milliseconds(void **state)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
		CLOCK_BOOTTIME };

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		int64_t before_ns = read_ns(clocks[i]);
		int64_t now_ms = sf_clock_ms(clocks[i]);

		assert_in_range(now_ms, before_ns / 1000000,
			read_ns(clocks[i]) / 1000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_given_clock_is_read_in_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

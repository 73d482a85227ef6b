/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a clock. Does not know which clock suits which purpose. */
#include "base/clock.h"

int64_t sf_clock_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

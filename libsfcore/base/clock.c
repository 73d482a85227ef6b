/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a clock. Must not know which one is right for what. */
#include "base/clock.h"

int64_t sf_clock_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

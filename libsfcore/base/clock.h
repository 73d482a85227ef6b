/* SPDX-License-Identifier: BSD-3-Clause */
/* The time, in the one unit in which the library counts it. */
#ifndef SF_CLOCK_H
#define SF_CLOCK_H

#include "base/banned.h"

#include <stdint.h>
#include <time.h>

/* Milliseconds of a clock that clock_gettime(2) has; it must be there. */
int64_t sf_clock_ms(clockid_t clock);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the system's clocks in milliseconds. */
#ifndef SF_CLOCK_H
#define SF_CLOCK_H

#include "base/banned.h"

#include <stdint.h>
#include <time.h>

/* Reads `clock`, which must exist, in milliseconds. */
int64_t sf_clock_ms(clockid_t clock);

#endif

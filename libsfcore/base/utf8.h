/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads UTF-8 as RFC 3629 defines it. Does not know what a text is for. */
#ifndef SF_UTF8_H
#define SF_UTF8_H

#include "base/banned.h"

#include <stdint.h>

/*
 * Reads one code point at `*text`, which must be below `end`, and moves `*text`
 * past it. Returns -1 if the bytes are not UTF-8: overlong, a surrogate, over
 * U+10FFFF or cut off.
 */
int32_t sf_utf8_take(const unsigned char **text, const unsigned char *end);

#endif

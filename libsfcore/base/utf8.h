/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8 as RFC 3629 defines it. Knows nothing of what a text is for. */
#ifndef SF_UTF8_H
#define SF_UTF8_H

#include "base/banned.h"

#include <stdint.h>

/*
 * Takes one code point off the front of *text, which lies before end. -1: not
 * UTF-8, that is overlong, a surrogate, over U+10FFFF or cut off.
 */
int32_t sf_utf8_take(const unsigned char **text, const unsigned char *end);

#endif

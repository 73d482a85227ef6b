/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads hex digits, and characters that are escaped by them. */
#ifndef SF_HEX_H
#define SF_HEX_H

/*
 * Returns the number that the next `count` hex digits of `text` write, of
 * either case and at most 7; or -1 if one of them is no hex digit. Reads no
 * further than that character.
 */
int sf_hex_parse(const char *text, int count);

/*
 * Returns the next character of a percent-encoded text (RFC 3986, 2.1), which
 * ends with a NUL, and moves `*text` behind it; or -1 if its escape is broken.
 */
int sf_hex_unescape(const char **text);

#endif

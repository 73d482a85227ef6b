/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads hex digits, and characters that are escaped by them. */
#ifndef SF_HEX_H
#define SF_HEX_H

/*
 * Returns the value of the first `count` characters of `text`, hex digits in
 * either case; `count` is at most 7. Returns -1 if one of the characters is no
 * hex digit, and does not read the characters after it.
 */
int sf_hex_parse(const char *text, int count);

/*
 * Returns the first character of `*text`, a percent-encoded text that ends with
 * a NUL (RFC 3986, 2.1), and moves `*text` past the character. Returns -1 if
 * the escape of the character is broken.
 */
int sf_hex_unescape(const char **text);

#endif

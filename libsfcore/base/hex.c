/* SPDX-License-Identifier: BSD-3-Clause */
/* Hex digits in ASCII, whatever the locale. */
#include "base/hex.h"

#include <assert.h>

static int parse_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sf_hex_parse(const char *text, int count)
{
	int number = 0;

	assert(count <= 7);
	while (count-- > 0) {
		int digit = parse_digit(*text++);

		if (digit < 0)
			return -1;
		number = number << 4 | digit;
	}
	return number;
}

int sf_hex_unescape(const char **text)
{
	int c = (unsigned char)*(*text)++;

	if (c != '%')
		return c;
	c = sf_hex_parse(*text, 2);
	if (c >= 0)
		*text += 2;
	return c;
}

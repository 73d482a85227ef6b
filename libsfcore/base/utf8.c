/* SPDX-License-Identifier: BSD-3-Clause */
/* Decodes UTF-8: RFC 3629, section 4. */
#include "base/utf8.h"

int32_t sf_utf8_take(const unsigned char **text, const unsigned char *end)
{
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	int32_t point = *(*text)++;
	int more = point < 0x80 ? 0 : point < 0xe0 ? 1 : point < 0xf0 ? 2 : 3;

	if ((point >= 0x80 && point < 0xc2) || point > 0xf4 ||
		end - *text < more)
		return -1;
	if (more > 0)
		point &= 0x3f >> more;
	for (int i = 0; i < more; i++) {
		if ((**text & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (*(*text)++ & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff ||
		(point >= 0xd800 && point <= 0xdfff))
		return -1;
	return point;
}

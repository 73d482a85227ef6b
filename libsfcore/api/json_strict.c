/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first pass escapes some characters and refuses others; the second one
 * checks that escaped surrogates come in pairs. The escaping is for json-c 0.17
 * and 0.18, which refuse every byte beyond ASCII when they are strict.
 */
#include "api/json_strict.h"

#include <stdbool.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Returns the code unit of an escape "\\uXXXX" at `text`, or -1. */
static int parse_escape(const char *text)
{
	if (text[0] != '\\' || text[1] != 'u')
		return -1;
	return sf_hex_parse(text + 2, 4);
}

/* RFC 8259, 8.2. json-c would replace a lone surrogate by U+FFFD. */
static bool are_surrogates_paired(const char *text)
{
	while ((text = strchr(text, '\\')) && text[1]) {
		int unit = parse_escape(text);
		bool high = (unit & 0xfc00) == 0xd800;

		text += unit < 0 ? 2 : 6;
		if (high)
			unit = parse_escape(text);
		if (((unit & 0xfc00) == 0xdc00) != high)
			return false;
		text += high ? 6 : 0;
	}
	return true;
}

/* Returns how many characters it wrote: at most three for each byte. */
static size_t put_escaped(char *out, int32_t point)
{
	int length;

	if (point < 0x80) {
		*out = (char)point;
		return 1;
	}
	if (point < 0x10000)
		length = snprintf(out, 7, "\\u%04x", (unsigned int)point);
	else
		length = snprintf(out, 13, "\\u%04x\\u%04x",
			0xd800 + ((unsigned int)(point - 0x10000) >> 10),
			0xdc00 + ((unsigned int)point & 0x3ff));
	return (size_t)length;
}

/* The state of the scan before the next character of a JSON text. */
struct place {
	bool in_string;
	bool after_backslash;
};

/*
 * Some versions of strict json-c accept NaN, Infinity, and control characters
 * in strings. A backslash before a character beyond ASCII is refused: the
 * backslash and that of put_escaped() would read as an escaped backslash.
 */
static bool is_allowed(const struct place *place, int32_t point)
{
	if (!place->in_string)
		return point > 0 && point != 'N' && point != 'I';
	return point >= 0x20 && (point < 0x80 || !place->after_backslash);
}

static void move_on(struct place *place, int32_t point)
{
	if (point == '"' && !place->after_backslash)
		place->in_string = !place->in_string;
	place->after_backslash =
		place->in_string && point == '\\' && !place->after_backslash;
}

char *sf_json_strict_escape(const char *text, size_t size, size_t *out_size)
{
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + size;
	struct place place = { .in_string = false };
	char *out = sf_alloc(3 * size + 1);
	bool good = true;

	*out_size = 0;
	while (good && at < end) {
		int32_t point = sf_utf8_take(&at, end);

		good = is_allowed(&place, point);
		if (good)
			*out_size += put_escaped(out + *out_size, point);
		move_on(&place, point);
	}
	out[*out_size] = '\0';
	if (good && are_surrogates_paired(out))
		return out;
	free(out);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two passes: the first one escapes and refuses, the second one pairs the
 * escaped surrogates. The escaping is for json-c 0.17 and 0.18, which refuse
 * every byte beyond ASCII when they are strict.
 */
#include "api/json_strict.h"

#include <stdbool.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Returns the code unit of an escape "\\uXXXX" at text, or -1. */
static int parse_escape(const char *text, const char *end)
{
	int unit = 0;

	if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, text[i] | 0x20, 16);

		if (!digit)
			return -1;
		unit = 16 * unit + (int)(digit - digits);
	}
	return unit;
}

static bool is_high(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* RFC 8259, 8.2. json-c would replace a lone surrogate by U+FFFD. */
static bool are_surrogates_paired(const char *text, size_t size)
{
	const char *end = text + size;
	const char *at = text;

	while (at < end && (at = memchr(at, '\\', (size_t)(end - at)))) {
		int unit = parse_escape(at, end);

		if (is_low(unit))
			return false;
		if (!is_high(unit)) {
			at += unit < 0 ? 2 : 6;
			continue;
		}
		if (!is_low(parse_escape(at + 6, end)))
			return false;
		at += 12;
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

/* Where in a JSON text the next character stands. */
struct place {
	bool in_string;
	bool after_backslash;
};

/*
 * Some versions of json-c, even when strict, accept control characters in
 * strings, NaN and Infinity. A backslash before a character that put_escaped()
 * escapes would become half of that escape.
 */
static bool is_allowed(const struct place *place, int32_t point)
{
	if (!place->in_string)
		return point >= 0 && point != 'N' && point != 'I';
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
	if (good && are_surrogates_paired(out, *out_size))
		return out;
	free(out);
	return NULL;
}

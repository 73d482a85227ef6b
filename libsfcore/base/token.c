/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes, reads and writes tokens. Does not know what a token stands for. */
#include "base/token.h"

#include <ctype.h>
#include <errno.h>
#include <sys/random.h>

#include "base/die.h"
#include "base/hex.h"

void sf_token_generate(struct sf_token *out)
{
	ssize_t got;

	do
		got = getrandom(out->bytes, sizeof(out->bytes), 0);
	while (got < 0 && errno == EINTR);
	/* getrandom(2) returns up to 256 bytes whole, or fails. */
	if (got != (ssize_t)sizeof(out->bytes))
		sf_die("getrandom failed: %s", strerror(errno));
}

bool sf_token_parse(const char *text, size_t length, struct sf_token *out)
{
	struct sf_token token;

	if (length != SF_TOKEN_DIGITS)
		return false;
	for (size_t i = 0; i < SF_TOKEN_SIZE; i++) {
		int byte = sf_hex_parse(text + 2 * i, 2);

		if (byte < 0 || isupper((unsigned char)text[2 * i]) ||
			isupper((unsigned char)text[2 * i + 1]))
			return false;
		token.bytes[i] = (uint8_t)byte;
	}
	*out = token;
	return true;
}

void sf_token_format(
	const struct sf_token *token, char out[SF_TOKEN_DIGITS + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SF_TOKEN_SIZE; i++) {
		out[2 * i] = digits[token->bytes[i] >> 4];
		out[2 * i + 1] = digits[token->bytes[i] & 15];
	}
	out[SF_TOKEN_DIGITS] = '\0';
}

bool sf_token_equal(const struct sf_token *a, const struct sf_token *b)
{
	unsigned int difference = 0;

	for (size_t i = 0; i < SF_TOKEN_SIZE; i++)
		difference |= (unsigned int)(a->bytes[i] ^ b->bytes[i]);
	return difference == 0;
}

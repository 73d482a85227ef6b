/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token names a chat, a participant or a message: 12 random bytes, written as
 * 24 lower-case hex digits (PROTOCOL, "Words"). A participant's token is a
 * secret; a chat's token is the code with which the other person joins.
 */
#ifndef SF_TOKEN_H
#define SF_TOKEN_H

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SF_TOKEN_SIZE 12
#define SF_TOKEN_DIGITS (2 * SF_TOKEN_SIZE)

struct sf_token {
	uint8_t bytes[SF_TOKEN_SIZE];
};

/* Fills `out` with random bytes from getrandom(2). */
void sf_token_generate(struct sf_token *out);

/*
 * Reads exactly 24 lower-case hex digits. Returns false, and leaves `out` as it
 * is, if `length` is not 24 or a character is no such digit.
 */
bool sf_token_parse(const char *text, size_t length, struct sf_token *out);

/* Writes 24 digits and a NUL to `out`. */
void sf_token_format(
	const struct sf_token *token, char out[SF_TOKEN_DIGITS + 1]);

/* Compares in a time that does not depend on where the bytes differ. */
bool sf_token_equal(const struct sf_token *a, const struct sf_token *b);

#endif

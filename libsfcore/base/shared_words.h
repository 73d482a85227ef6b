/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of 64-bit words in the runtime directory that all processes of one
 * machine share. Where the word for some bytes is follows from a keyed hash of
 * them, so the file tells nobody what they were. Two things may share a word.
 */
#ifndef SF_SHARED_WORDS_H
#define SF_SHARED_WORDS_H

#include "base/config.h"

#include <stdatomic.h>

struct sf_shared_words;

/*
 * Opens the table of that name, and makes it if it is missing.
 * SF_ERR_UNAVAILABLE: it can't be; the log says why.
 */
enum sf_err sf_shared_words_open(const struct sf_config *config,
	const char *name, struct sf_shared_words **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_shared_words_free(struct sf_shared_words *words);

/* The word for size bytes of data; it lives as long as the table. */
_Atomic uint64_t *sf_shared_words_find(
	const struct sf_shared_words *words, const void *data, size_t size);

#endif

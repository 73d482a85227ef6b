/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of 64-bit words in the runtime directory, shared by all processes of
 * one machine. A keyed hash of some bytes gives the position of the word that
 * belongs to them, so the file does not reveal the bytes. Different bytes may
 * share a word.
 */
#ifndef SF_SHARED_WORDS_H
#define SF_SHARED_WORDS_H

#include "base/config.h"

#include <stdatomic.h>

struct sf_shared_words;

/*
 * Opens the file `name` in the runtime directory, and makes the file if it is
 * missing. sf_shared_words_free() frees `out`. SF_ERR_UNAVAILABLE: the file
 * cannot be made, opened or mapped; the log says why.
 */
enum sf_err sf_shared_words_open(const struct sf_config *config,
	const char *name, struct sf_shared_words **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_shared_words_free(struct sf_shared_words *words);

/*
 * Finds the word for `size` bytes of `data`. The word is valid until
 * sf_shared_words_free().
 */
_Atomic uint64_t *sf_shared_words_find(
	struct sf_shared_words *words, const void *data, size_t size);

#endif

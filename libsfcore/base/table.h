/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of 64-bit words in the runtime directory that all processes of one
 * machine share. Where the word for some bytes is follows from a keyed hash of
 * them, so the file tells nobody what they were. Two things may share a word.
 */
#ifndef SF_TABLE_H
#define SF_TABLE_H

#include "base/config.h"

#include <stdatomic.h>

struct sf_table;

/*
 * Opens the table of that name, and makes it if it is missing.
 * SF_ERR_UNAVAILABLE: it can't be; the log says why.
 */
enum sf_err sf_table_open(const struct sf_config *config, const char *name,
	struct sf_table **out) SF_MUST_CHECK;

/* NULL is accepted. */
void sf_table_free(struct sf_table *table);

/* The word for size bytes of data; it lives as long as the table. */
_Atomic uint64_t *sf_table_word(
	const struct sf_table *table, const void *data, size_t size);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strict reader before the JSON library: it refuses what RFC 8259 forbids
 * and some version of the library lets pass. Must not know the library.
 */
#ifndef SF_JSON_STRICT_H
#define SF_JSON_STRICT_H

#include <stddef.h>

/*
 * Returns a copy of a JSON text with every character beyond ASCII escaped,
 * which means the same; `out_size` is its length. NULL: the text is not UTF-8,
 * a string in it has a control character or half a surrogate pair, or outside
 * of strings there is a NUL or the beginning of NaN or Infinity.
 * The caller frees the copy, which may still be no JSON.
 */
char *sf_json_strict_escape(const char *text, size_t size, size_t *out_size);

#endif

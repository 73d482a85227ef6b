/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strict reader that runs before the JSON library and refuses what RFC 8259
 * forbids but some versions of the library let pass. Must not know the library.
 */
#ifndef SF_JSON_STRICT_H
#define SF_JSON_STRICT_H

#include <stddef.h>

/*
 * Returns a copy of a JSON text in which every character beyond ASCII is
 * escaped; the copy means the same. `out_size` is its length. NULL: the text is
 * not UTF-8, a string in it has a control character, half a surrogate pair or a
 * backslash before a character beyond ASCII, or outside of strings there is a
 * NUL or the beginning of NaN or Infinity. The caller frees the copy, which may
 * still be no JSON.
 */
char *sf_json_strict_escape(const char *text, size_t size, size_t *out_size);

#endif

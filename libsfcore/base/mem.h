/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocation that never returns NULL: without memory the process ends by
 * sf_die().
 */
#ifndef SF_MEM_H
#define SF_MEM_H

#include <stddef.h>

/*
 * malloc(3), realloc(3) and strdup(3) that never return NULL. `sf_realloc`
 * takes `count` elements of `size` bytes. The caller frees the result.
 */
void *sf_alloc(size_t size);
void *sf_realloc(void *old, size_t count, size_t size);
char *sf_strdup(const char *text);

#endif

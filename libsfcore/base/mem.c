/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocation whose failure ends the process. */
#include "base/mem.h"

#include <stdint.h>

#include "base/banned.h"
#include "base/die.h"

void *sf_alloc(size_t size)
{
	return sf_realloc(NULL, size, 1);
}

void *sf_realloc(void *old, size_t count, size_t size)
{
	void *new;

	if (size != 0 && count > SIZE_MAX / size)
		sf_die("a size does not fit into memory");
	/* realloc(3) of 0 bytes may return NULL without a failure. */
	new = realloc(old, count > 0 && size > 0 ? count * size : 1);
	if (!new)
		sf_die("out of memory");
	return new;
}

char *sf_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(sf_alloc(size), text, size);
}

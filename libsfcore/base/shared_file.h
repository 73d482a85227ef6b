/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of a fixed size in the runtime directory, which all processes of one
 * machine map and change by atomic operations. A process that is killed leaves
 * nothing to clean up.
 */
#ifndef SF_SHARED_FILE_H
#define SF_SHARED_FILE_H

#include "base/config.h"

#include <stddef.h>

struct sf_shared_file {
	const char *name; /* in the runtime directory */
	size_t size;
	/*
	 * Writes the first bytes of a new file. All other bytes are zero.
	 * Returns false and sets errno if it cannot.
	 */
	bool (*begin)(int fd);
};

/*
 * Maps the file, and makes it if it is missing. munmap(2) with the size of the
 * file ends the use of `out`. SF_ERR_UNAVAILABLE: the file cannot be made,
 * opened or mapped, or has another size; the log says why.
 */
enum sf_err sf_shared_file_map(const struct sf_config *config,
	const struct sf_shared_file *file, void **out) SF_MUST_CHECK;

/*
 * Maps the file in the same way if it is there. Makes and changes nothing.
 * SF_ERR_NOT_FOUND: there is no such file or no runtime directory.
 */
enum sf_err sf_shared_file_find(const struct sf_config *config,
	const struct sf_shared_file *file, void **out) SF_MUST_CHECK;

#endif

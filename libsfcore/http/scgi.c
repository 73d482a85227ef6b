/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads an SCGI header. In place, each pair "NAME", NUL, "value", NUL becomes
 * the string "NAME=value", as in an environment.
 */
#include "http/scgi.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/mem.h"

/* Reads exactly `size` bytes. Returns false if they do not arrive. */
static bool read_whole(int fd, char *out, size_t size)
{
	while (size > 0) {
		ssize_t got = recv(fd, out, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		size -= (size_t)got;
	}
	return true;
}

/* The header is a netstring: length in digits, ":", header, ",". */
static bool read_length(int fd, size_t *out)
{
	*out = 0;
	for (int digits = 0; digits < 7; digits++) {
		char c;

		if (!read_whole(fd, &c, 1))
			return false;
		if (c == ':')
			return digits > 0;
		if (c < '0' || c > '9')
			return false;
		*out = 10 * *out + (size_t)(c - '0');
	}
	return false;
}

/* Stores the pairs in `variables`. Returns false if a pair is not whole. */
static bool split_pairs(char *header, size_t size, char **variables)
{
	char *end = header + size;

	while (header < end) {
		char *name = header;

		header += strlen(header);
		if (header == end || header == name)
			return false;
		*header++ = '=';
		header += strlen(header) + 1;
		if (header > end)
			return false;
		*variables++ = name;
	}
	*variables = NULL;
	return true;
}

static size_t count_pairs(const char *header, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += header[i] == '\0';
	return count / 2;
}

enum sf_err sf_scgi_read(int fd, struct sf_request *out)
{
	struct timeval timeout = { .tv_sec = SF_HTTP_BODY_TIMEOUT_MS / 1000 };
	char **variables;
	char *header;
	size_t size;

	(void)setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (!read_length(fd, &size) || size == 0 || size > SF_SCGI_HEADER_MAX)
		return SF_ERR_INVALID;
	header = sf_alloc(size + 1);
	if (!read_whole(fd, header, size + 1) || header[size] != ',')
		goto bad;
	/* The "," becomes a NUL, so that each strlen(3) ends in the header. */
	header[size] = '\0';
	variables = sf_realloc(
		NULL, count_pairs(header, size) + 1, sizeof(*variables));
	if (split_pairs(header, size, variables)) {
		sf_request_init(out, variables);
		return SF_OK;
	}
	free(variables);
bad:
	free(header);
	return SF_ERR_INVALID;
}

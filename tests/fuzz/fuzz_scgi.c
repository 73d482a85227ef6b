/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the header of an SCGI request. */
#include "http/scgi.h"

#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sf_request request;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		abort();
	(void)send(ends[0], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(ends[0], SHUT_WR);
	if (sf_scgi_read(ends[1], &request) == SF_OK) {
		for (char **at = request.variables; *at; at++)
			if (!strchr(*at, '='))
				abort();
		/*
		 * sf_scgi_read() never frees the variables, because a real
		 * process ends after one request. Free them here: a fuzzer
		 * makes many requests.
		 */
		free(request.variables[0]);
		free(request.variables);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes to and from Redis: a connected socket, with or without TLS. Every
 * wait has an end, `end_ms`, which is a time of the monotonic clock. Knows no
 * command.
 */
#ifndef SF_REDIS_STREAM_H
#define SF_REDIS_STREAM_H

#include "base/redis_address.h"

#include <stdint.h>
#include <sys/types.h>

struct sf_redis_stream {
	int fd;                   /* non-blocking; -1: not connected */
	struct sf_redis_tls *tls; /* NULL: without TLS */
};

/*
 * Looks the host up if it has a name, connects to one of its addresses, and
 * starts TLS if the address says so. SF_ERR_UNAVAILABLE: `why` says what did
 * not work, without an address; there is nothing to close.
 * sf_redis_stream_close() closes `out`.
 */
enum sf_err sf_redis_stream_open(const struct sf_redis_address *address,
	int64_t end_ms, struct sf_redis_stream *out,
	struct sf_detail *why) SF_MUST_CHECK;

/* A stream that is not connected is accepted. */
void sf_redis_stream_close(struct sf_redis_stream *stream);

/* Waits for bytes. Returns their number, 0 when the time is over, -1 when the
 * connection is lost. */
ssize_t sf_redis_stream_read(
	struct sf_redis_stream *stream, void *out, size_t size, int64_t end_ms);

/* Writes everything. Returns `size`, and otherwise as sf_redis_stream_read().
 */
ssize_t sf_redis_stream_write(struct sf_redis_stream *stream, const void *data,
	size_t size, int64_t end_ms);

#endif

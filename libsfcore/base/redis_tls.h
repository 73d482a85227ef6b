/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS over one connected socket. A program contains one of two files: with
 * redis_tls_openssl.c it has TLS, with redis_tls_none.c it has none. The
 * store's store.mk chooses the file.
 */
#ifndef SF_REDIS_TLS_H
#define SF_REDIS_TLS_H

#include "base/redis_address.h"

#include <stdint.h>
#include <sys/types.h>

struct sf_redis_tls;

/* Returns whether this program has TLS. */
bool sf_redis_tls_exists(void);

/*
 * Starts TLS on the non-blocking socket `fd`, which the caller closes. The
 * peer must prove that it is `peer->host`. `end_ms` is a time of the monotonic
 * clock. SF_ERR_UNAVAILABLE: the peer cannot, or is too slow; `why` says it
 * without an address. sf_redis_tls_free() frees `out`.
 */
enum sf_err sf_redis_tls_start(int fd, const struct sf_redis_address *peer,
	int64_t end_ms, struct sf_redis_tls **out,
	struct sf_detail *why) SF_MUST_CHECK;

/*
 * Reads or writes as read(2) and write(2) do, without waiting. Returns -1 if
 * the connection is lost, 0 if the caller has to wait first until the socket is
 * ready for `events`, as poll(2) names them.
 */
ssize_t sf_redis_tls_read(
	struct sf_redis_tls *tls, void *out, size_t size, short *events);
ssize_t sf_redis_tls_write(
	struct sf_redis_tls *tls, const void *data, size_t size, short *events);

/* NULL is accepted. */
void sf_redis_tls_free(struct sf_redis_tls *tls);

#endif

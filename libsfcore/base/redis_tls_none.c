/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No TLS, for statically linked programs. With OpenSSL inside, a program is
 * four times as large and starts a seventh slower (PERFORMANCE, "What was
 * changed because of these figures"), and a fix of OpenSSL does not reach it.
 */
#include "base/redis_tls.h"

bool sf_redis_tls_exists(void)
{
	return false;
}

enum sf_err sf_redis_tls_start(int fd, const struct sf_redis_address *peer,
	int64_t end_ms, struct sf_redis_tls **out, struct sf_detail *why)
{
	(void)fd;
	(void)peer;
	(void)end_ms;
	*out = NULL;
	return sf_detail_set(
		why, SF_ERR_UNAVAILABLE, "this program has no TLS");
}

ssize_t sf_redis_tls_read(
	struct sf_redis_tls *tls, void *out, size_t size, short *events)
{
	(void)tls;
	(void)out;
	(void)size;
	(void)events;
	return -1;
}

ssize_t sf_redis_tls_write(
	struct sf_redis_tls *tls, const void *data, size_t size, short *events)
{
	(void)tls;
	(void)data;
	(void)size;
	(void)events;
	return -1;
}

void sf_redis_tls_free(struct sf_redis_tls *tls)
{
	(void)tls;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS by OpenSSL: version 1.2 or later, with a peer that is always verified. */
#include "base/redis_tls.h"

#include <arpa/inet.h>
#include <poll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/mem.h"

struct sf_redis_tls {
	SSL_CTX *context;
	SSL *connection;
};

bool sf_redis_tls_exists(void)
{
	return true;
}

void sf_redis_tls_free(struct sf_redis_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->connection);
	SSL_CTX_free(tls->context);
	free(tls);
}

/* Returns whether OpenSSL accepts everything that decides whom to trust. */
static bool set_up(
	struct sf_redis_tls *tls, int fd, const struct sf_redis_address *peer)
{
	struct in6_addr literal;
	X509_VERIFY_PARAM *rules;
	bool is_literal = inet_pton(AF_INET, peer->host, &literal) == 1 ||
			  inet_pton(AF_INET6, peer->host, &literal) == 1;

	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context ||
		!SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) ||
		!(*peer->ca_file ? SSL_CTX_load_verify_locations(
					   tls->context, peer->ca_file, NULL)
				 : SSL_CTX_set_default_verify_paths(
					   tls->context)))
		return false;
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_mode(
		tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	tls->connection = SSL_new(tls->context);
	if (!tls->connection || !SSL_set_fd(tls->connection, fd))
		return false;
	rules = SSL_get0_param(tls->connection);
	if (is_literal)
		return X509_VERIFY_PARAM_set1_ip_asc(rules, peer->host);
	return SSL_set1_host(tls->connection, peer->host) &&
	       SSL_set_tlsext_host_name(tls->connection, peer->host);
}

/* Maps a failed call to the result of sf_redis_tls_read(). */
static ssize_t judge_failure(
	const struct sf_redis_tls *tls, int result, short *events)
{
	switch (SSL_get_error(tls->connection, result)) {
	case SSL_ERROR_WANT_READ:
		*events = POLLIN;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		*events = POLLOUT;
		return 0;
	default:
		return -1;
	}
}

static enum sf_err explain(
	const struct sf_redis_tls *tls, struct sf_detail *why)
{
	long verdict = SSL_get_verify_result(tls->connection);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK)
		reason = X509_verify_cert_error_string(verdict);
	return sf_detail_set(why, SF_ERR_UNAVAILABLE, "TLS is refused: %s",
		reason ? reason : "the connection was closed");
}

static enum sf_err shake_hands(
	struct sf_redis_tls *tls, int fd, int64_t end_ms, struct sf_detail *why)
{
	struct pollfd ready = { .fd = fd };

	for (;;) {
		int64_t left_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);
		int result;

		ERR_clear_error();
		result = SSL_connect(tls->connection);
		if (result == 1)
			return SF_OK;
		if (judge_failure(tls, result, &ready.events) < 0)
			return explain(tls, why);
		if (left_ms <= 0)
			return sf_detail_set(why, SF_ERR_UNAVAILABLE,
				"its port does not answer to TLS in time");
		(void)poll(&ready, 1, (int)left_ms);
	}
}

enum sf_err sf_redis_tls_start(int fd, const struct sf_redis_address *peer,
	int64_t end_ms, struct sf_redis_tls **out, struct sf_detail *why)
{
	struct sf_redis_tls *tls = sf_alloc(sizeof(*tls));
	enum sf_err err;

	*tls = (struct sf_redis_tls){ .context = NULL };
	if (set_up(tls, fd, peer))
		err = shake_hands(tls, fd, end_ms, why);
	else
		err = sf_detail_set(why, SF_ERR_UNAVAILABLE,
			*peer->ca_file ? "SFCHAT_REDIS_CA names no file of "
					 "certificates in PEM"
				       : "TLS cannot be set up");
	if (err) {
		sf_redis_tls_free(tls);
		return err;
	}
	*out = tls;
	return SF_OK;
}

ssize_t sf_redis_tls_read(
	struct sf_redis_tls *tls, void *out, size_t size, short *events)
{
	int got;

	ERR_clear_error();
	got = SSL_read(tls->connection, out, (int)size);
	return got > 0 ? got : judge_failure(tls, got, events);
}

ssize_t sf_redis_tls_write(
	struct sf_redis_tls *tls, const void *data, size_t size, short *events)
{
	int sent;

	ERR_clear_error();
	sent = SSL_write(tls->connection, data, (int)size);
	return sent > 0 ? sent : judge_failure(tls, sent, events);
}

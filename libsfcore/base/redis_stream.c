/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each address of a host name gets an equal part of the time that is left, so
 * that one which swallows every packet leaves time for the next.
 */
#include "base/redis_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redis_lookup.h"
#include "base/redis_tls.h"

/* The least time for one step, so that a wait that is over still looks once. */
#define STEP_MIN_MS 1

static int64_t measure_rest(int64_t end_ms)
{
	int64_t rest_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);

	return rest_ms > STEP_MIN_MS ? rest_ms : STEP_MIN_MS;
}

static int set_non_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Returns the connected socket, or -errno. */
static int connect_socket(const struct sockaddr_storage *address,
	socklen_t size, int64_t limit_ms)
{
	struct timeval timeout = {
		.tv_sec = limit_ms / 1000,
		.tv_usec = limit_ms % 1000 * 1000,
	};
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	/*
	 * This timeout limits connect(2), which then returns EINPROGRESS, or
	 * EAGAIN for a Unix socket. A Unix socket that does not block would
	 * refuse at once while others connect.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		    sizeof(timeout)) == 0 &&
		connect(fd, (const struct sockaddr *)address, size) == 0 &&
		set_non_blocking(fd) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	return error == EINPROGRESS || error == EAGAIN ? -ETIMEDOUT : -error;
}

/* TCP keep-alive notices that the machine of Redis has vanished. */
static void keep_alive(int fd)
{
	static const struct {
		int level;
		int option;
		int value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 15 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		(void)setsockopt(fd, options[i].level, options[i].option,
			&options[i].value, sizeof(options[i].value));
}

/*
 * Fills `out` with the addresses of Redis and returns how many there are. 0:
 * none was found, and `why` says so.
 */
static size_t find_addresses(const struct sf_redis_address *address,
	int64_t end_ms, struct sockaddr_storage out[SF_REDIS_LOOKUP_MAX],
	struct sf_detail *why)
{
	/* The port stands at the same place for IPv4 and IPv6. */
	in_port_t port =
		((const struct sockaddr_in *)&address->socket)->sin_port;
	size_t count;
	enum sf_err err;

	out[0] = address->socket;
	if (!address->is_name)
		return 1;
	err = sf_redis_lookup(address->host, end_ms, out, &count);
	if (err) {
		(void)sf_detail_set(why, err, "%s",
			err == SF_ERR_NOT_FOUND
				? "its host name was not found"
				: "its host name cannot be looked up in time");
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		((struct sockaddr_in *)&out[i])->sin_port = port;
	return count;
}

/*
 * Connects to the first of the addresses that accepts. A Unix socket's address
 * has `unix_size` bytes. Returns the connected socket, or -errno.
 */
static int connect_any(const struct sockaddr_storage *found, size_t count,
	socklen_t unix_size, int64_t end_ms)
{
	int fd = -ETIMEDOUT;

	for (size_t i = 0; i < count && fd < 0; i++) {
		socklen_t size = unix_size;

		if (found[i].ss_family == AF_INET)
			size = sizeof(struct sockaddr_in);
		else if (found[i].ss_family == AF_INET6)
			size = sizeof(struct sockaddr_in6);
		fd = connect_socket(&found[i], size,
			measure_rest(end_ms) / (int64_t)(count - i) + 1);
	}
	return fd;
}

enum sf_err sf_redis_stream_open(const struct sf_redis_address *address,
	int64_t end_ms, struct sf_redis_stream *out, struct sf_detail *why)
{
	struct sockaddr_storage found[SF_REDIS_LOOKUP_MAX];
	size_t count = find_addresses(address, end_ms, found, why);
	enum sf_err err = SF_OK;

	*out = (struct sf_redis_stream){ .fd = -1 };
	if (count == 0)
		return SF_ERR_UNAVAILABLE;
	out->fd = connect_any(found, count, address->socket_size, end_ms);
	if (out->fd < 0)
		return sf_detail_set(why, SF_ERR_UNAVAILABLE,
			"it cannot be reached: %s", strerror(-out->fd));
	if (address->socket.ss_family != AF_UNIX)
		keep_alive(out->fd);
	if (address->has_tls)
		err = sf_redis_tls_start(
			out->fd, address, end_ms, &out->tls, why);
	if (err)
		sf_redis_stream_close(out);
	return err;
}

void sf_redis_stream_close(struct sf_redis_stream *stream)
{
	sf_redis_tls_free(stream->tls);
	stream->tls = NULL;
	if (stream->fd >= 0)
		(void)close(stream->fd);
	stream->fd = -1;
}

/* Waits until the socket is ready. Returns false when the time is over. */
static bool await_socket(int fd, short events, int64_t end_ms)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int64_t left_ms = end_ms - sf_clock_ms(CLOCK_MONOTONIC);

	if (left_ms < 0)
		left_ms = 0;
	/* A signal may end poll(2) early: then the caller's loop comes back. */
	return poll(&ready, 1, (int)left_ms) != 0;
}

/* Result as sf_redis_tls_read(). */
static ssize_t read_plain(int fd, void *out, size_t size, short *events)
{
	ssize_t got = recv(fd, out, size, 0);

	*events = POLLIN;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return got > 0 ? got : -1;
}

static ssize_t write_plain(int fd, const void *data, size_t size, short *events)
{
	ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

	*events = POLLOUT;
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return sent > 0 ? sent : -1;
}

ssize_t sf_redis_stream_read(
	struct sf_redis_stream *stream, void *out, size_t size, int64_t end_ms)
{
	for (;;) {
		short events;
		ssize_t got = stream->tls ? sf_redis_tls_read(stream->tls, out,
						    size, &events)
					  : read_plain(stream->fd, out, size,
						    &events);

		if (got != 0)
			return got;
		if (!await_socket(stream->fd, events, end_ms))
			return 0;
	}
}

ssize_t sf_redis_stream_write(struct sf_redis_stream *stream, const void *data,
	size_t size, int64_t end_ms)
{
	const char *rest = data;

	for (size_t left = size; left > 0;) {
		short events;
		ssize_t sent = stream->tls ? sf_redis_tls_write(stream->tls,
						     rest, left, &events)
					   : write_plain(stream->fd, rest, left,
						     &events);

		if (sent < 0)
			return -1;
		rest += sent;
		left -= (size_t)sent;
		if (sent == 0 && !await_socket(stream->fd, events, end_ms))
			return 0;
	}
	return (ssize_t)size;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CGI/1.1 as RFC 3875 describes it. This file trusts no number of a client: it
 * refuses a CONTENT_LENGTH over SF_HTTP_BODY_MAX before it allocates the body,
 * and reads no more than CONTENT_LENGTH bytes.
 */
#include "http/http.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hex.h"
#include "base/mem.h"

void sf_request_init(struct sf_request *out, char **variables)
{
	*out = (struct sf_request){ .variables = variables,
		.body_timeout_ms = SF_HTTP_BODY_TIMEOUT_MS };
}

const char *sf_request_variable(
	const struct sf_request *request, const char *name)
{
	size_t length = strlen(name);

	for (char **at = request->variables; *at; at++)
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return "";
}

/* Parameters such as charset are allowed: RFC 9110, 8.3.1. */
static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	size_t length = sizeof(json) - 1;

	if (strncasecmp(content_type, json, length) != 0)
		return false;
	content_type += length;
	content_type += strspn(content_type, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* Returns false if the text is no number. */
static bool read_number(const char *text, size_t *out)
{
	size_t digits = strspn(text, "0123456789");

	/* strtoul(3) returns ULONG_MAX for a number that is too large. */
	*out = strtoul(text, NULL, 10);
	return digits > 0 && text[digits] == '\0';
}

static enum sf_err parse_length(
	const char *text, size_t *out, struct sf_detail *detail)
{
	if (!read_number(text, out))
		return sf_detail_set(detail, SF_ERR_INVALID,
			"CONTENT_LENGTH: a number of bytes was expected");
	if (*out > SF_HTTP_BODY_MAX)
		return sf_detail_set(detail, SF_ERR_TOO_LARGE,
			"the body is over %d bytes", SF_HTTP_BODY_MAX);
	return SF_OK;
}

/*
 * Reads the available bytes. Returns 0 at the end, on an error and after the
 * deadline.
 */
static size_t read_until(int fd, char *buffer, size_t size, int64_t deadline_ms)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	ssize_t got;

	do {
		int64_t left_ms = deadline_ms - sf_clock_ms(CLOCK_MONOTONIC);

		if (left_ms <= 0 || poll(&input, 1, (int)left_ms) == 0)
			return 0;
		got = read(fd, buffer, size);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got < 0 ? 0 : (size_t)got;
}

/* Checks the headers that describe the body, before any of it is read. */
static enum sf_err check_body_headers(const struct sf_request *request,
	size_t *size, struct sf_detail *detail)
{
	if (!is_json(sf_request_variable(request, "CONTENT_TYPE")))
		return sf_detail_set(detail, SF_ERR_MEDIA_TYPE,
			"CONTENT_TYPE: application/json was expected");
	return parse_length(
		sf_request_variable(request, "CONTENT_LENGTH"), size, detail);
}

enum sf_err sf_request_check_unread_body(
	const struct sf_request *request, struct sf_detail *detail)
{
	const char *length = sf_request_variable(request, "CONTENT_LENGTH");
	size_t size;

	if (!*length || strcmp(length, "0") == 0)
		return SF_OK;
	return check_body_headers(request, &size, detail);
}

enum sf_err sf_request_read_body(
	struct sf_request *request, int fd, struct sf_detail *detail)
{
	int64_t deadline_ms =
		sf_clock_ms(CLOCK_MONOTONIC) + request->body_timeout_ms;
	size_t size = 0;
	enum sf_err err = check_body_headers(request, &size, detail);

	if (err)
		return err;
	request->body = sf_alloc(size);
	while (request->body_size < size) {
		size_t got = read_until(fd, request->body + request->body_size,
			size - request->body_size, deadline_ms);

		request->is_body_over = got == 0;
		if (got == 0)
			return sf_detail_set(detail, SF_ERR_INVALID,
				"the body is shorter than CONTENT_LENGTH");
		request->body_size += got;
	}
	return SF_OK;
}

/* Returns how many bytes of the body may still come, at most a limit. */
static size_t count_unread(const struct sf_request *request)
{
	const char *length = sf_request_variable(request, "CONTENT_LENGTH");
	size_t size;

	if (request->is_body_over)
		return 0;
	/* A chunked body may come without a length; the server ends it. */
	if (!*length && *sf_request_variable(request, "HTTP_TRANSFER_ENCODING"))
		return SF_HTTP_DRAIN_MAX;
	if (!read_number(length, &size))
		return 0;
	if (size > SF_HTTP_DRAIN_MAX)
		return SF_HTTP_DRAIN_MAX;
	return size > request->body_size ? size - request->body_size : 0;
}

void sf_request_drain(
	const struct sf_request *request, int body_fd, int reply_fd)
{
	size_t left = count_unread(request);
	int64_t deadline_ms;
	char dropped[4096];

	if (left == 0)
		return;
	deadline_ms = sf_clock_ms(CLOCK_MONOTONIC) + request->body_timeout_ms;
	/* `body_fd` may be the same socket, so closing would not end it. */
	if (shutdown(reply_fd, SHUT_WR) != 0)
		(void)close(reply_fd);
	while (left > 0) {
		size_t most = left < sizeof(dropped) ? left : sizeof(dropped);
		size_t got = read_until(body_fd, dropped, most, deadline_ms);

		if (got == 0)
			return;
		left -= got;
	}
}

/* The value ends at "&" or NUL. An HTML form writes a space as "+". */
static enum sf_err decode_value(const char *text, char *out, size_t size)
{
	size_t used = 0;

	while (*text && *text != '&') {
		bool space = *text == '+';
		int c = sf_hex_unescape(&text);

		if (c <= 0 || used + 1 >= size)
			return SF_ERR_INVALID;
		out[used++] = space ? ' ' : (char)c;
	}
	out[used] = '\0';
	return SF_OK;
}

enum sf_err sf_request_parameter(const struct sf_request *request,
	const char *name, char *out, size_t size)
{
	const char *at = sf_request_variable(request, "QUERY_STRING");

	while (*at) {
		size_t length = strcspn(at, "=&");

		if (length == strlen(name) && strncmp(at, name, length) == 0) {
			at += length;
			return decode_value(at + (*at == '='), out, size);
		}
		at += strcspn(at, "&");
		at += *at == '&';
	}
	return SF_ERR_NOT_FOUND;
}

void sf_http_date_format(int64_t seconds, char out[SF_HTTP_DATE_SIZE])
{
	/*
	 * Count years from March, so that a leap day is the last day of its
	 * year. The C library's functions would first read the file of the
	 * local time zone.
	 */
	static const char weekdays[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char months[12][4] = { "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb" };
	const int days = (int)(seconds / 86400);
	const int rest = (int)(seconds % 86400);
	const int since_0000 = days + 719468; /* days from 1 March of year 0 */
	const int era = since_0000 / 146097;  /* of 400 years */
	const int day = since_0000 % 146097;
	const int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	const int yearday = day - (365 * year + year / 4 - year / 100);
	const int month = (5 * yearday + 2) / 153;

	(void)snprintf(out, SF_HTTP_DATE_SIZE,
		"%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[days % 7],
		yearday - (153 * month + 2) / 5 + 1, months[month],
		400 * era + year + (month >= 10), rest / 3600, rest / 60 % 60,
		rest % 60);
}

static enum sf_err write_all(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t wrote = writev(fd, parts, count);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return SF_ERR_UNAVAILABLE;
		while (count > 0 && (size_t)wrote >= parts->iov_len) {
			wrote -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count > 0) {
			parts->iov_base = (char *)parts->iov_base + wrote;
			parts->iov_len -= (size_t)wrote;
		}
	}
	return SF_OK;
}

enum sf_err sf_reply_send(const struct sf_reply *reply, int fd)
{
	char head[512];
	size_t body_size = strlen(reply->body);
	int length = snprintf(head, sizeof(head),
		"Status: %d %s\r\n"
		"Content-Type: application/json; charset=utf-8\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"%s%s\r\n",
		reply->status, reply->phrase, body_size, reply->header,
		*reply->header ? "\r\n" : "");
	struct iovec parts[2] = {
		{ .iov_base = head, .iov_len = (size_t)length },
		{ .iov_base = (char *)reply->body,
			.iov_len = reply->head_only ? 0 : body_size },
	};

	if (length < 0 || (size_t)length >= sizeof(head))
		sf_die("a reply's head does not fit");
	return write_all(fd, parts, 2);
}

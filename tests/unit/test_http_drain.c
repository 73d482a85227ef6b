/* SPDX-License-Identifier: BSD-3-Clause */
/* sf_request_drain(): a reply to a request whose body has not been read. */
#include "http/http.h"
#include "support.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHORT_MS 200

/* A request whose program replies before it has read the body. */
struct early_reply {
	struct sf_request request;
	char *variables[3];
	int body_fd;
	int reply_fd;
};

static void init_early_reply(
	struct early_reply *early, char *variable, int body_fd, int reply_fd)
{
	*early = (struct early_reply){ .body_fd = body_fd,
		.reply_fd = reply_fd,
		.variables = { variable, NULL } };
	sf_request_init(&early->request, early->variables);
}

static int reply_and_drain(void *data, int number)
{
	struct early_reply *early = data;
	struct sf_reply reply = { 200, "Ok", "", "{}", false };
	enum sf_err err = sf_reply_send(&reply, early->reply_fd);

	(void)number;
	sf_request_drain(&early->request, early->body_fd, early->reply_fd);
	return (int)err;
}

/* Reads to the end of the reply; a connection that is reset fails the test. */
static void read_reply(int fd)
{
	char reply[1000];
	size_t total = 0;
	ssize_t got;

	while ((got = read(fd, reply + total, sizeof(reply) - total)) > 0)
		total += (size_t)got;
	assert_int_equal(got, 0);
	assert_memory_equal(reply + total - 2, "{}", 2);
}

static void an_unread_body_does_not_reset_the_connection(void **state)
{
	char *const given[] = { (char[]){ "CONTENT_LENGTH=2" },
		(char[]){ "HTTP_TRANSFER_ENCODING=chunked" } };

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct early_reply early;
		int ends[2];
		pid_t pid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		init_early_reply(&early, given[i], ends[1], ends[1]);
		assert_int_equal(send(ends[0], "{}", 2, 0), 2);
		assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
		pid = support_start(reply_and_drain, &early, 0);
		assert_int_equal(close(ends[1]), 0);
		read_reply(ends[0]);
		assert_int_equal(support_finish(pid), SF_OK);
		assert_int_equal(close(ends[0]), 0);
	}
}

/* The body ends only after the reader has seen the end of the reply. */
static void a_reply_ends_before_the_rest_of_the_body(void **state)
{
	struct early_reply early;
	int body[2];
	int reply[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(body) | pipe(reply), 0);
	init_early_reply(
		&early, (char[]){ "CONTENT_LENGTH=4" }, body[0], reply[1]);
	early.request.body_timeout_ms = 1000 * SUPPORT_PATIENCE_SECONDS;
	pid = support_start(reply_and_drain, &early, 0);
	assert_int_equal(close(reply[1]), 0);
	read_reply(reply[0]);
	assert_int_equal(write(body[1], "12", 2), 2);
	assert_int_equal(write(body[1], "34", 2), 2);
	/* The pipe stays open: CONTENT_LENGTH alone ends the body. */
	assert_int_equal(support_finish(pid), SF_OK);
	assert_int_equal(close(body[0]) | close(body[1]) | close(reply[0]), 0);
}

static void the_rest_of_a_body_is_given_up(void **state)
{
	struct early_reply early;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	init_early_reply(
		&early, (char[]){ "CONTENT_LENGTH=4" }, ends[1], ends[1]);
	early.request.body_timeout_ms = SHORT_MS;
	pid = support_start(reply_and_drain, &early, 0);
	assert_int_equal(support_finish(pid), SF_OK);
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

static void no_more_than_the_limit_is_dropped(void **state)
{
	struct early_reply early;
	int body = memfd_create("body", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(body, 3L * SF_HTTP_DRAIN_MAX), 0);
	init_early_reply(
		&early, (char[]){ "CONTENT_LENGTH=99999999999" }, body, -1);
	sf_request_drain(&early.request, early.body_fd, early.reply_fd);
	assert_int_equal(lseek(body, 0, SEEK_CUR), SF_HTTP_DRAIN_MAX);
	assert_int_equal(close(body), 0);
}

/* Whatever else the client sends, the server needs no time for it. */
static void nothing_is_drained_after_a_whole_body(void **state)
{
	char *const given[] = { (char[]){ "CONTENT_LENGTH=3" },
		(char[]){ "CONTENT_LENGTH=0" }, (char[]){ "CONTENT_LENGTH=" },
		(char[]){ "CONTENT_LENGTH=-1" }, (char[]){ "OTHER=5" } };

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct early_reply early;
		char left[8];
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		init_early_reply(&early, given[i], ends[1], ends[1]);
		early.request.body_size = 3;
		assert_int_equal(send(ends[0], "more", 4, 0), 4);
		sf_request_drain(&early.request, ends[1], ends[1]);
		assert_int_equal(recv(ends[1], left, sizeof(left), 0), 4);
		assert_int_equal(send(ends[1], "open", 4, MSG_NOSIGNAL), 4);
		assert_int_equal(close(ends[0]) | close(ends[1]), 0);
	}
}

static void a_body_that_ended_early_is_not_awaited_again(void **state)
{
	struct early_reply early;
	struct sf_detail detail;
	char left[8];
	int body[2];
	int more[2];

	(void)state;
	assert_int_equal(pipe(body) | pipe(more), 0);
	init_early_reply(&early, (char[]){ "CONTENT_LENGTH=4" }, more[0], -1);
	early.variables[1] = (char[]){ "CONTENT_TYPE=application/json" };
	assert_int_equal(write(body[1], "abc", 3), 3);
	assert_int_equal(close(body[1]), 0);
	assert_int_equal(sf_request_read_body(&early.request, body[0], &detail),
		SF_ERR_INVALID);
	assert_int_equal(write(more[1], "x", 1), 1);
	sf_request_drain(&early.request, early.body_fd, early.reply_fd);
	assert_int_equal(read(more[0], left, sizeof(left)), 1);
	assert_int_equal(close(body[0]) | close(more[0]) | close(more[1]), 0);
	free(early.request.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unread_body_does_not_reset_the_connection),
		cmocka_unit_test(a_reply_ends_before_the_rest_of_the_body),
		cmocka_unit_test(the_rest_of_a_body_is_given_up),
		cmocka_unit_test(no_more_than_the_limit_is_dropped),
		cmocka_unit_test(nothing_is_drained_after_a_whole_body),
		cmocka_unit_test(a_body_that_ended_early_is_not_awaited_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

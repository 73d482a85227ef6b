/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server process, as its clients see it: the server accepts connections,
 * forks a child for each, and reaps the children.
 */
#include "http/server.h"
#include "http/hangup.h"
#include "support.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 20
#define PATIENCE_MS (1000 * SUPPORT_PATIENCE_SECONDS)

struct server {
	char path[108];
	pid_t pid;
	_Atomic int serving; /* children that have begun to watch */
};

/*
 * Answers every byte with the next one. 'x' makes the child crash, 'w' makes it
 * watch its client.
 */
static int answer_bytes(const void *argument)
{
	struct server *server = (struct server *)(uintptr_t)argument;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == 'x')
			abort();
		if (c == 'w') {
			sf_hangup_request_signal(STDIN_FILENO);
			atomic_fetch_add(&server->serving, 1);
			(void)pause();
		}
		c++;
		if (write(STDOUT_FILENO, &c, 1) != 1)
			return 1;
	}
	return 0;
}

static int run_server(void *data, int number)
{
	struct server *server = data;
	int listener;

	(void)number;
	if (sf_server_listen(server->path, &listener))
		return 99;
	return (int)sf_server_run(listener, answer_bytes, server);
}

static int start_server(void **state)
{
	struct server *server = support_share(sizeof(*server));
	void *dir;

	if (support_make_sandbox(&dir))
		return -1;
	(void)snprintf(
		server->path, sizeof(server->path), "%s/socket", (char *)dir);
	free(dir);
	server->pid = support_start(run_server, server, 0);
	*state = server;
	return 0;
}

static int stop_server(void **state)
{
	struct server *server = *state;

	assert_int_equal(kill(server->pid, SIGTERM), 0);
	assert_int_equal(support_finish(server->pid), SF_OK);
	*strrchr(server->path, '/') = '\0';
	support_remove_tree(server->path);
	support_unshare(server, sizeof(*server));
	return 0;
}

static int connect_once(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	assert_int_equal(close(fd), 0);
	return -1;
}

static int connect_to(const struct server *server)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		int fd = connect_once(server->path);

		if (fd >= 0)
			return fd;
		(void)usleep(1000);
	}
	fail_msg("nobody listens");
	return -1;
}

static char exchange_byte(int fd, char c)
{
	if (send(fd, &c, 1, MSG_NOSIGNAL) != 1 || read(fd, &c, 1) != 1)
		return '\0';
	return c;
}

static void every_client_has_a_child_of_its_own(void **state)
{
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = connect_to(*state);
	for (int i = CLIENTS - 1; i >= 0; i--)
		assert_int_equal(exchange_byte(fds[i], 'a'), 'b');
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(exchange_byte(fds[i], 'c'), 'd');
		assert_int_equal(close(fds[i]), 0);
	}
}

static void a_child_that_crashes_does_not_disturb_the_others(void **state)
{
	int other = connect_to(*state);
	int crashing = connect_to(*state);

	assert_int_equal(exchange_byte(crashing, 'x'), '\0');
	assert_int_equal(exchange_byte(other, 'a'), 'b');
	assert_int_equal(close(crashing), 0);
	crashing = connect_to(*state);
	assert_int_equal(exchange_byte(crashing, 'a'), 'b');
	assert_int_equal(close(crashing) | close(other), 0);
}

/* Counts the children that the kernel lists for a process. */
static int count_children(pid_t pid)
{
	char path[64];
	char text[4096];
	int count = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		(int)pid, (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	for (const char *c = text; *c; c++)
		count += *c == ' ';
	return count;
}

static void await_children(const struct server *server, int count)
{
	for (int i = 0; count_children(server->pid) != count; i++) {
		assert_in_range(i, 0, PATIENCE_MS);
		(void)usleep(1000);
	}
}

static void children_that_ended_are_reaped(void **state)
{
	struct server *server = *state;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = connect_to(server);
		assert_int_equal(exchange_byte(fds[i], 'a'), 'b');
	}
	assert_int_equal(count_children(server->pid), CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(close(fds[i]), 0);
	await_children(server, 0);
}

static void a_child_ends_when_its_client_leaves(void **state)
{
	struct server *server = *state;
	int staying = connect_to(server);
	int leaving = connect_to(server);

	assert_int_equal(send(staying, "w", 1, 0), 1);
	/* Unread bytes must not hide that the client has left. */
	assert_int_equal(send(leaving, "wunread", 7, 0), 7);
	for (int i = 0; atomic_load(&server->serving) < 2; i++) {
		assert_in_range(i, 0, PATIENCE_MS);
		(void)usleep(1000);
	}
	assert_int_equal(count_children(server->pid), 2);
	assert_int_equal(close(leaving), 0);
	await_children(server, 1);
	assert_int_equal(close(staying), 0);
	await_children(server, 0);
}

static void a_client_that_left_early_is_noticed(void **state)
{
	struct server *server = *state;
	int fd = connect_to(server);

	assert_int_equal(send(fd, "w", 1, 0), 1);
	assert_int_equal(close(fd), 0);
	for (int i = 0; atomic_load(&server->serving) < 1 &&
			count_children(server->pid) > 0;
		i++) {
		assert_in_range(i, 0, PATIENCE_MS);
		(void)usleep(1000);
	}
	await_children(server, 0);
}

static void a_request_in_progress_outlives_the_server(void **state)
{
	struct server server = { .pid = 0 };
	int fd;

	(void)snprintf(server.path, sizeof(server.path), "%s/outlived",
		(const char *)*state);
	server.pid = support_start(run_server, &server, 0);
	fd = connect_to(&server);
	assert_int_equal(exchange_byte(fd, 'a'), 'b');
	assert_int_equal(kill(server.pid, SIGINT), 0);
	assert_int_equal(support_finish(server.pid), SF_OK);
	assert_int_equal(exchange_byte(fd, 'a'), 'b');
	assert_int_equal(connect_once(server.path), -1);
	assert_int_equal(close(fd), 0);
}

static void the_socket_is_private(void **state)
{
	char path[108];
	struct stat status;
	mode_t before = umask(0);
	int listener;

	(void)snprintf(path, sizeof(path), "%s/private", (const char *)*state);
	assert_int_equal(sf_server_listen(path, &listener), SF_OK);
	assert_int_equal(umask(before), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0600);
	assert_int_equal(close(listener), 0);
}

static void a_dead_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	char path[108];
	int first;
	int second;

	(void)snprintf(path, sizeof(path), "%s/reused", (const char *)*state);
	assert_int_equal(sf_server_listen(path, &first), SF_OK);
	assert_int_equal(sf_server_listen(path, &second), SF_ERR_UNAVAILABLE);
	assert_int_equal(close(first), 0);
	assert_int_equal(sf_server_listen(path, &second), SF_OK);
	assert_int_equal(close(second), 0);
}

/* How a process is started, and which descriptor is its socket. */
struct start {
	const char *count; /* LISTEN_FDS */
	int given;         /* where the listening socket is; -1: nowhere */
	int found;         /* what sf_server_inherit() finds; -1: refused */
	bool is_ours;      /* LISTEN_PID names the process itself */
	char path[108];
};

static int inherit_socket(void *data, int number)
{
	const struct start *start = data;
	char pid[32];
	int listener;
	int found = -1;

	(void)number;
	(void)snprintf(pid, sizeof(pid), "%d",
		(int)(start->is_ours ? getpid() : getppid()));
	if (sf_server_listen(start->path, &listener) || dup2(listener, 9) < 0 ||
		close(listener) || setenv("LISTEN_PID", pid, 1) ||
		(start->count && setenv("LISTEN_FDS", start->count, 1)))
		return 99;
	(void)close(0);
	(void)close(3);
	if (start->given >= 0 && dup2(9, start->given) < 0)
		return 98;
	if (sf_server_inherit(&found) != SF_OK)
		found = -1;
	return found == start->found ? 0 : 97;
}

static void exactly_one_listening_socket_is_inherited(void **state)
{
	struct start starts[] = {
		{ NULL, 0, 0, false, "" },
		{ NULL, -1, -1, false, "" },
		{ "1", 0, 0, false, "" },
		{ "1", 3, -1, false, "" },
		{ "1", 3, 3, true, "" },
		{ "1", 0, -1, true, "" },
		{ "2", 3, -1, true, "" },
		{ "0", 0, -1, true, "" },
		{ "1x", 3, -1, true, "" },
		{ NULL, 3, -1, true, "" },
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		(void)snprintf(starts[i].path, sizeof(starts[i].path),
			"%s/inherited", (const char *)*state);
		assert_int_equal(support_finish(support_start(
					 inherit_socket, &starts[i], 0)),
			0);
	}
}

static void a_path_that_cannot_be_bound_is_refused(void **state)
{
	char path[200];
	int listener;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(sf_server_listen(path, &listener), SF_ERR_UNAVAILABLE);
	assert_int_equal(sf_server_listen("/dev/null/socket", &listener),
		SF_ERR_UNAVAILABLE);
}

#define served(test)                                                           \
	cmocka_unit_test_setup_teardown(test, start_server, stop_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		served(every_client_has_a_child_of_its_own),
		served(a_child_that_crashes_does_not_disturb_the_others),
		served(children_that_ended_are_reaped),
		served(a_child_ends_when_its_client_leaves),
		served(a_client_that_left_early_is_noticed),
		in_sandbox(a_request_in_progress_outlives_the_server),
		in_sandbox(the_socket_is_private),
		in_sandbox(a_dead_socket_is_replaced_and_a_live_one_is_not),
		in_sandbox(exactly_one_listening_socket_is_inherited),
		in_sandbox(a_path_that_cannot_be_bound_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The MongoDB server of a test program: starts, kills and pauses it. */
#include "private_mongodb.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	pid_t pid;
	int port;
	char folder[64];
} server;

static bool accepts_connections(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool good =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	(void)close(fd);
	return good;
}

void private_mongodb_start(const char *certificate)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", server.port);
	server.pid = fork();
	if (server.pid == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl("scripts/test-mongodb", "test-mongodb", "serve",
			port, server.folder, certificate ? "auth" : NULL, "tls",
			certificate, NULL);
		_exit(127);
	}
	for (int i = 0; i < SUPPORT_PATIENCE_SECONDS * 20; i++) {
		if (accepts_connections(server.port))
			break;
		(void)usleep(50000);
	}
	assert_true(accepts_connections(server.port));
}

void private_mongodb_kill(void)
{
	(void)kill(server.pid, SIGKILL);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
}

void private_mongodb_pause(void)
{
	support_pause(server.pid);
}

void private_mongodb_resume(void)
{
	assert_int_equal(kill(server.pid, SIGCONT), 0);
}

int private_mongodb_port(void)
{
	return server.port;
}

const char *private_mongodb_folder(void)
{
	return server.folder;
}

void private_mongodb_set_store(const char *credentials, const char *options)
{
	char uri[256];

	(void)snprintf(uri, sizeof(uri),
		"mongodb://%s127.0.0.1:%d/sfchat?directConnection=true%s",
		credentials, server.port, options);
	assert_int_equal(setenv("SFCHAT_STORE", uri, 1), 0);
}

int private_mongodb_make_sandbox(void **state)
{
	if (support_make_sandbox(state))
		return -1;
	(void)snprintf(server.folder, sizeof(server.folder), "%s/mongodb",
		(const char *)*state);
	server.port = support_find_port();
	private_mongodb_start(NULL);
	return 0;
}

int private_mongodb_remove_sandbox(void **state)
{
	private_mongodb_kill();
	return support_remove_sandbox(state);
}

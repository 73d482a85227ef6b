/* SPDX-License-Identifier: BSD-3-Clause */
/* The Redis server of a test program: starts, kills, pauses and asks it. */
#include "private_redis.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	pid_t pid;
	struct sf_config config;
} server;

static void exec_server(void)
{
	char path[SF_CONFIG_PATH_MAX + 16];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(
		path, sizeof(path), "%s/redis.sock", server.config.runtime_dir);
	(void)execlp("redis-server", "redis-server", "--port", "0",
		"--unixsocket", path, "--dir", server.config.runtime_dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
		"--loglevel", "warning", "--logfile", "redis.log", NULL);
	(void)fprintf(stderr, "redis-server, which this test needs, cannot be "
			      "started: is it installed?\n");
	_exit(127);
}

static bool does_answer(void)
{
	const char *const words[] = { "PING" };
	struct sf_redis client;
	redisReply *reply;
	enum sf_err err;

	sf_redis_init(&client, &server.config.redis, 1000);
	err = sf_redis_call(&client, 1, words, &reply);
	if (!err)
		freeReplyObject(reply);
	sf_redis_release(&client);
	return err == SF_OK;
}

void private_redis_start(void)
{
	struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0)
		exec_server();
	for (int i = 0; i < SUPPORT_PATIENCE_SECONDS * 100; i++) {
		if (does_answer())
			return;
		assert_int_equal(waitpid(server.pid, NULL, WNOHANG), 0);
		(void)nanosleep(&moment, NULL);
	}
	fail_msg("redis-server does not answer");
}

void private_redis_kill(void)
{
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
}

void private_redis_pause(void)
{
	support_pause(server.pid);
}

void private_redis_resume(void)
{
	assert_int_equal(kill(server.pid, SIGCONT), 0);
}

int private_redis_listen(const char *certificate)
{
	int port = support_find_port();
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", port);
	freeReplyObject(
		private_redis_run("CONFIG", "SET", "bind", "127.0.0.1"));
	if (certificate)
		freeReplyObject(private_redis_run("CONFIG", "SET",
			"tls-auth-clients", "no", "tls-cert-file", certificate,
			"tls-key-file", certificate));
	freeReplyObject(private_redis_run(
		"CONFIG", "SET", certificate ? "tls-port" : "port", text));
	return port;
}

int private_redis_make_sandbox(void **state)
{
	char address[SF_CONFIG_PATH_MAX + 32];

	/* A write to a killed Redis must not end the test program. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (support_make_sandbox(state) != 0)
		return -1;
	(void)snprintf(address, sizeof(address), "unix:%s/redis.sock",
		(const char *)*state);
	if (setenv("SFCHAT_REDIS", address, 1) != 0)
		return -1;
	server.config = support_config();
	private_redis_start();
	return 0;
}

int private_redis_remove_sandbox(void **state)
{
	private_redis_kill();
	return support_remove_sandbox(state);
}

redisReply *private_redis_run_words(const char *const words[])
{
	struct sf_redis client;
	redisReply *reply;
	size_t count = 0;

	while (words[count])
		count++;
	sf_redis_init(
		&client, &server.config.redis, 1000 * SUPPORT_PATIENCE_SECONDS);
	assert_int_equal(sf_redis_call(&client, count, words, &reply), SF_OK);
	sf_redis_release(&client);
	return reply;
}

void private_redis_check_large(struct sf_redis *redis)
{
	size_t size = (size_t)8 << 20;
	char *text = malloc(size + 1);
	const char *const words[] = { "ECHO", text };
	redisReply *reply;

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	assert_int_equal(sf_redis_call(redis, 2, words, &reply), SF_OK);
	assert_string_equal(reply->str, text);
	freeReplyObject(reply);
	free(text);
}

void private_redis_check_messages(struct sf_redis *ear, struct sf_redis *mouth)
{
	const int limit_ms = 1000 * SUPPORT_PATIENCE_SECONDS;
	const char *const subscribe[] = { "SUBSCRIBE", "c" };
	const char *const publish[] = { "PUBLISH", "c", "m" };
	redisReply *reply;

	assert_int_equal(sf_redis_call(ear, 2, subscribe, NULL), SF_OK);
	assert_int_equal(sf_redis_receive(ear, 0, &reply), SF_ERR_NOT_FOUND);
	for (int i = 0; i < 50; i++)
		assert_int_equal(sf_redis_call(mouth, 3, publish, NULL), SF_OK);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(
			sf_redis_receive(ear, limit_ms, &reply), SF_OK);
		freeReplyObject(reply);
	}
	private_redis_kill();
	assert_int_equal(
		sf_redis_receive(ear, limit_ms, &reply), SF_ERR_UNAVAILABLE);
	private_redis_start();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The load generator, with three kinds of load:
 *
 *   load rate  sends NUMBER requests of one METHOD over a few connections
 *   load pair  one participant polls, the other sends, NUMBER times
 *   load hold  NUMBER participants poll and get no message
 *
 * It prints plain figures for run.mjs. If any reply is not the expected one, it
 * fails and prints none: a server replies with an error faster than it works.
 */
#include "client.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
	TOKEN_SIZE = 25,
	BODY_MAX = 256,
	REQUEST_MAX = 1024,
	STATUS_OK = 200,
	STATUS_ACCEPTED = 202,
	STATUS_MAX = 600,
	EVENTS_MAX = 64,
	PAIR_PAUSE_MS = 20, /* after it, the poll sleeps */
	STALL_MS = 120000,  /* without a reply for so long, the server hangs */
};

static const char messages_path[] = "/api/v1/messages.json";

struct chat {
	char token[TOKEN_SIZE];
	char creator[TOKEN_SIZE];
	char joiner[TOKEN_SIZE];
};

struct options {
	int port;
	size_t connections;
	size_t number;
	int count; /* messages expected in each reply to a GET, -1 for any */
	uint32_t seed; /* first digits of the message tokens of this run */
	const char *method;
	const char *get_path;
	const char *post_path;
	const char *chats_file;
};

struct load {
	struct options options;
	struct client_pool pool;
	struct client *clients;
	struct chat *chats;
	size_t chats_count;
	int patience_ms; /* longest wait for the next event, -1 for ever */
	size_t sent;
	size_t answered;
	size_t statuses[STATUS_MAX]; /* number of replies with each status */
	double sent_at;              /* when the pair's last message was sent */
	double delivery_seconds;
};

struct request {
	const char *method;
	const char *path;
	const struct chat *chat;
	const char *user; /* token */
	const char *body; /* NULL for none */
};

static const char usage[] =
	"usage: load rate|pair|hold -p PORT -f CHATS -n NUMBER\n"
	"            [-c CONNECTIONS] [-m POST|GET|DELETE] [-k COUNT]\n"
	"            [-s SEED] [-u GET_PATH] [-w POST_PATH]";

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A line has the chat token, the creator's and the joiner's user token. */
static void read_chats(struct load *load)
{
	FILE *file = fopen(load->options.chats_file, "r");
	struct chat chat;

	if (!file)
		die("%s: %s", load->options.chats_file, strerror(errno));
	while (fscanf(file, "%24s %24s %24s", chat.token, chat.creator,
		       chat.joiner) == 3) {
		load->chats = reallocarray(
			load->chats, load->chats_count + 1, sizeof(chat));
		if (!load->chats)
			die("out of memory");
		load->chats[load->chats_count++] = chat;
	}
	fclose(file);
	if (!load->chats_count)
		die("%s: no chats", load->options.chats_file);
}

static void open_clients(struct load *load, size_t number)
{
	load->clients = calloc(number, sizeof(*load->clients));
	if (!load->clients)
		die("out of memory");
	for (size_t i = 0; i < number; i++)
		client_open(&load->clients[i], &load->pool);
}

static void send_request(struct client *client, const struct request *request)
{
	char text[REQUEST_MAX];
	char fields[128] = "";
	int length;

	if (request->body)
		snprintf(fields, sizeof(fields),
			"Content-Type: application/json\r\n"
			"Content-Length: %zu\r\n",
			strlen(request->body));
	length = snprintf(text, sizeof(text),
		"%s %s HTTP/1.1\r\nHost: localhost\r\n"
		"X-SFC-chatToken: %s\r\nX-SFC-userToken: %s\r\n%s\r\n%s",
		request->method, request->path, request->chat->token,
		request->user, fields, request->body ? request->body : "");
	if (length < 0 || length >= REQUEST_MAX)
		die("a request longer than expected");
	client_send(client, text, (size_t)length);
}

/* Builds the body with the nth message of this run and its token. */
static const char *message_body(
	char body[BODY_MAX], const struct load *load, size_t nth, bool text)
{
	snprintf(body, BODY_MAX,
		"{\"data\":{\"messages\":[{\"_id\":\"%08x%016zx\"%s}]}}",
		load->options.seed, nth,
		text ? ",\"msg\":\"Hi, how are you?\"" : "");
	return body;
}

static void send_message(struct load *load, struct client *client, size_t nth)
{
	const struct chat *chat = &load->chats[nth % load->chats_count];
	char body[BODY_MAX];

	send_request(
		client, &(struct request){ .method = "POST",
				.path = load->options.post_path,
				.chat = chat,
				.user = chat->creator,
				.body = message_body(body, load, nth, true) });
}

static void delete_message(struct load *load, struct client *client, size_t nth)
{
	const struct chat *chat = &load->chats[nth % load->chats_count];
	char body[BODY_MAX];

	send_request(
		client, &(struct request){ .method = "DELETE",
				.path = messages_path,
				.chat = chat,
				.user = chat->joiner,
				.body = message_body(body, load, nth, false) });
}

static void get_messages(struct load *load, struct client *client, size_t nth)
{
	const struct chat *chat = &load->chats[nth % load->chats_count];

	send_request(client, &(struct request){ .method = "GET",
				     .path = load->options.get_path,
				     .chat = chat,
				     .user = chat->joiner });
}

static void check_count(const struct load *load, const struct client *client)
{
	const char *count = strstr(client_body(client), "\"count\":");

	if (load->options.count == -1)
		return;
	if (!count || strtol(count + strlen("\"count\":"), NULL, 10) !=
			      load->options.count)
		die("not %d messages in an answer: %s", load->options.count,
			client_body(client));
}

static void count_answer(struct load *load, const struct client *client)
{
	int status = client_status(client);

	if (status < 0 || status >= STATUS_MAX)
		die("an answer with status %d", status);
	load->answered++;
	load->statuses[status]++;
	if (status == STATUS_OK)
		check_count(load, client);
}

/* Ends the program if any request was refused. */
static void check_statuses(const struct load *load)
{
	size_t refused = 0;

	for (int i = 0; i < STATUS_MAX; i++) {
		if (!load->statuses[i] || i == STATUS_OK ||
			i == STATUS_ACCEPTED)
			continue;
		fprintf(stderr, "bench: %zu answers had status %d\n",
			load->statuses[i], i);
		refused += load->statuses[i];
	}
	if (refused)
		die("%zu of %zu answers are not what was asked for", refused,
			load->answered);
}

/*
 * Calls answered() with each complete reply, until answered() returns false or
 * standard input is readable, if epoll watches that too.
 */
static void serve_clients(struct load *load,
	bool (*answered)(struct load *load, struct client *client))
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int count = epoll_wait(load->pool.epoll, events, EVENTS_MAX,
			load->patience_ms);

		if (count == 0)
			die("no answer for %d s", STALL_MS / 1000);
		for (int i = 0; i < count; i++) {
			struct client *client = events[i].data.ptr;

			if (!client)
				return;
			if (client_receive(client) && !answered(load, client))
				return;
		}
	}
}

static void send_next(struct load *load, struct client *client)
{
	const char *method = load->options.method;
	size_t nth = load->sent++;

	if (!strcmp(method, "POST"))
		send_message(load, client, nth);
	else if (!strcmp(method, "DELETE"))
		delete_message(load, client, nth);
	else
		get_messages(load, client, nth);
}

static bool rate_answered(struct load *load, struct client *client)
{
	count_answer(load, client);
	if (load->sent < load->options.number)
		send_next(load, client);
	return load->answered < load->options.number;
}

static void run_rate(struct load *load)
{
	size_t connections = load->options.connections;
	double began;

	if (load->options.number < connections)
		die("fewer requests than connections");
	open_clients(load, connections);
	began = now_seconds();
	for (size_t i = 0; i < connections; i++)
		send_next(load, &load->clients[i]);
	serve_clients(load, rate_answered);
	check_statuses(load);
	printf("%.1f\n",
		(double)load->options.number / (now_seconds() - began));
}

/* A pair's turn is over when both the poll and the POST have their replies. */
static bool pair_answered(struct load *load, struct client *client)
{
	if (client == &load->clients[0])
		load->delivery_seconds = now_seconds() - load->sent_at;
	count_answer(load, client);
	return load->answered % 2 != 0;
}

static bool delete_answered(struct load *load, struct client *client)
{
	count_answer(load, client);
	load->answered--;
	return false;
}

static void deliver_message(struct load *load, size_t nth)
{
	const struct timespec pause = { .tv_nsec = PAIR_PAUSE_MS * 1000000 };
	struct client *poller = &load->clients[0];
	struct client *sender = &load->clients[1];

	get_messages(load, poller, nth);
	nanosleep(&pause, NULL);
	if (client_receive(poller))
		die("a poll was answered before anything was sent: %s",
			client_body(poller));
	load->sent_at = now_seconds();
	send_message(load, sender, nth);
	serve_clients(load, pair_answered);
	printf("%.3f\n", load->delivery_seconds * 1e3);
}

static void run_pair(struct load *load)
{
	open_clients(load, 2);
	for (size_t i = 0; i < load->options.number; i++) {
		deliver_message(load, i);
		delete_message(load, &load->clients[0], i);
		serve_clients(load, delete_answered);
		check_statuses(load);
	}
}

static bool hold_answered(struct load *load, struct client *client)
{
	(void)load;
	die("a poll was answered while nothing happened: %s",
		client_body(client));
}

/* Prints which step is reached and waits for a line on standard input. */
static void await_line(struct load *load, const char *reached)
{
	char byte = '\0';

	puts(reached);
	fflush(stdout);
	do
		serve_clients(load, hold_answered);
	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n');
}

/* Participants poll in the order creator, joiner, next chat. */
static void hold_poll(struct load *load, size_t nth)
{
	const struct chat *chat = &load->chats[nth / 2];

	send_request(&load->clients[nth],
		&(struct request){ .method = "GET",
			.path = load->options.get_path,
			.chat = chat,
			.user = nth % 2 ? chat->joiner : chat->creator });
}

/* Waits after each step, while run.mjs measures. */
static void run_hold(struct load *load)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	size_t number = load->options.number;

	if (number > 2 * load->chats_count)
		die("fewer participants than polls");
	if (epoll_ctl(load->pool.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) ==
		-1)
		die("standard input is no pipe: %s", strerror(errno));
	load->patience_ms = -1;
	await_line(load, "ready");
	open_clients(load, number);
	await_line(load, "connected");
	for (size_t i = 0; i < number; i++)
		hold_poll(load, i);
	await_line(load, "polling");
}

static void read_option(struct options *options, int letter)
{
	switch (letter) {
	case 'p':
		options->port = atoi(optarg);
		break;
	case 'f':
		options->chats_file = optarg;
		break;
	case 'n':
		options->number = strtoul(optarg, NULL, 10);
		break;
	case 'c':
		options->connections = strtoul(optarg, NULL, 10);
		break;
	case 'm':
		options->method = optarg;
		break;
	case 'k':
		options->count = atoi(optarg);
		break;
	case 's':
		options->seed = (uint32_t)strtoul(optarg, NULL, 10);
		break;
	case 'u':
		options->get_path = optarg;
		break;
	case 'w':
		options->post_path = optarg;
		break;
	default:
		die("%s", usage);
	}
}

int main(int argc, char **argv)
{
	struct load load = {
		.options = { .connections = 16,
			.count = -1,
			.method = "GET",
			.get_path = messages_path,
			.post_path = messages_path },
		.patience_ms = STALL_MS,
	};
	const char *way = argc > 1 ? argv[1] : "";
	int letter;

	while ((letter = getopt(argc - 1, argv + 1, "p:f:n:c:m:k:s:u:w:")) !=
		-1)
		read_option(&load.options, letter);
	if (argc < 2 || !load.options.chats_file || !load.options.number)
		die("%s", usage);
	read_chats(&load);
	client_pool_init(&load.pool, load.options.port);
	if (!strcmp(way, "rate"))
		run_rate(&load);
	else if (!strcmp(way, "pair"))
		run_pair(&load);
	else if (!strcmp(way, "hold"))
		run_hold(&load);
	else
		die("%s", usage);
	return EXIT_SUCCESS;
}

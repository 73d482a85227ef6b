/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls in processes of their own, whose clock and sleep a test can change. */
#ifndef POLLER_H
#define POLLER_H

#include "chat/poll.h"
#include "talk.h"

#include <stdatomic.h>

#define FOREVER_MS 3600000
#define SLEEP_MS 50

/* A poll in a process of its own, and the result. */
struct poller {
	struct sf_config config;
	struct sf_participant participant;
	struct sf_poll_request request;
	bool without_wake;
	bool shortens_sleep;      /* sleeps for a tenth of each wait */
	_Atomic int step_seconds; /* the date is this far ahead */
	int reply;                /* the poll's end of the reply; -1: none */
	int client_end;           /* the client's end of the reply; -1: none */
	pid_t pid;
	enum sf_err err;
	enum sf_status status;
	size_t count;
	char text[64];
};

/* A poll that is not started yet; free_poller() frees it. */
struct poller *make_poller(struct talk *talk,
	const struct sf_participant *participant, int sleep_ms, int iteration);

void start_poll(struct talk *talk, struct poller *poller);

/* Waits for the end of the poll. */
void finish_poll(struct poller *poller);

void free_poller(struct poller *poller);

/* Counts the participant's polls; `last` gets the id of the last one. */
size_t count_polls(struct talk *talk, const struct sf_participant *participant,
	struct sf_token *last);

/* Starts the poll, and returns once the store has recorded the poll. */
void start_poll_and_await(struct talk *talk, struct poller *poller);

/* Starts a poll that only a wake-up can end. */
struct poller *start_sleeping_poll(
	struct talk *talk, const struct sf_participant *participant);

#endif

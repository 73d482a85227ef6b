/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts over all chats of a store. They tell nothing about any one chat. */
#ifndef SF_SURVEY_H
#define SF_SURVEY_H

#include "model/chat.h"

/* How far a survey has come, and what it has counted. A new one is all zero. */
struct sf_survey {
	struct sf_token last; /* the last chat; only the store reads it */
	bool done;            /* all chats are counted */
	int64_t chats[SF_STATUS__MAX];
	int64_t unreadable; /* documents that are not chats */
	int64_t messages;   /* that wait for their receivers */
	int64_t people;     /* who may hold a poll now */
	/* The `created_ms` of the oldest chat, and of the oldest chat in which
	 * a message waits: messages have no date. 0: there is none. */
	int64_t oldest_ms;
	int64_t oldest_waiting_ms;
	/* How many bytes the chats may take up, and how many are used; 0: the
	 * store does not know. */
	int64_t room_bytes;
	int64_t used_bytes;
};

/*
 * Counts one chat. A participant of an open chat may hold a poll if the last
 * sign of life came since `since_ms`.
 */
void sf_survey_add(
	struct sf_survey *survey, const struct sf_chat *chat, int64_t since_ms);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds chats up. */
#include "model/survey.h"

static void keep_older(int64_t *oldest_ms, int64_t created_ms)
{
	if (*oldest_ms == 0 || created_ms < *oldest_ms)
		*oldest_ms = created_ms;
}

void sf_survey_add(
	struct sf_survey *survey, const struct sf_chat *chat, int64_t since_ms)
{
	survey->chats[chat->status]++;
	survey->messages += (int64_t)chat->message_count;
	keep_older(&survey->oldest_ms, chat->created_ms);
	if (chat->message_count > 0)
		keep_older(&survey->oldest_waiting_ms, chat->created_ms);
	if (chat->status == SF_STATUS_CLOSED)
		return;
	for (size_t i = 0; i < chat->user_count; i++)
		if (sf_chat_last_sign(chat, &chat->users[i]) >= since_ms)
			survey->people++;
}

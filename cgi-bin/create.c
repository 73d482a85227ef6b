/* SPDX-License-Identifier: BSD-3-Clause */
/* create.json: POST makes a chat and replies with its code. */
#include "api/app.h"
#include "base/clock.h"
#include "chat/limit.h"

static enum sf_err count_creation(struct sf_app *app)
{
	return sf_limit_count(&app->config,
		sf_request_variable(&app->request, "REMOTE_ADDR"),
		sf_clock_ms(CLOCK_MONOTONIC), &app->reply.retry_seconds);
}

static enum sf_err create_chat(struct sf_app *app)
{
	struct sf_participant creator;
	enum sf_err err = sf_desk_create(&app->desk, &creator);

	if (!err)
		app->reply.body = sf_json_compose_tokens(
			&app->reply.status, &creator.chat, &creator.user);
	return err;
}

static const struct sf_method methods[] = {
	{ "POST", SF_APP_CREATED, SF_APP_NO_BODY | SF_APP_STORE, count_creation,
		create_chat,
		{ [SF_ERR_TOO_MANY] = "too many chats were created from this "
				      "address" } },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return sf_app_main(argc, argv, methods);
}

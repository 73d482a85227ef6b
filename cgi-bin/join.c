/* SPDX-License-Identifier: BSD-3-Clause */
/* join.json: POST enters the chat of a code. */
#include "api/app.h"

static enum sf_err read_joiner(struct sf_app *app)
{
	return sf_json_parse_join(app->request.body, app->request.body_size,
		&app->input.joiner, &app->reply.detail);
}

static enum sf_err join_chat(struct sf_app *app)
{
	const struct sf_participant *joiner = &app->input.joiner;
	enum sf_err err = sf_desk_join(&app->desk, joiner);

	if (!err)
		app->reply.body = sf_json_compose_tokens(
			&app->reply.status, NULL, &joiner->user);
	return err;
}

static const struct sf_method methods[] = {
	{ "POST", SF_APP_CREATED, SF_APP_BODY | SF_APP_DESK, read_joiner,
		join_chat,
		{ [SF_ERR_CONFLICT] = "the code was already used",
			[SF_ERR_NOT_FOUND] =
				"the code is unknown, or its chat is over" } },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return sf_app_main(argc, argv, methods);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* join.json: POST enters the chat of a code. */
#include "api/app.h"

static enum sf_err enter(
	struct sf_app *app, const struct sf_participant *joiner, char **body)
{
	enum sf_err err = sf_app_open_desk(app);

	if (!err)
		err = sf_desk_join(&app->desk, joiner);
	if (err == SF_ERR_CONFLICT)
		return sf_detail_set(
			&app->detail, err, "the code was already used");
	if (err == SF_ERR_NOT_FOUND)
		return sf_detail_set(&app->detail, err,
			"the code is unknown, or its chat is over");
	if (!err)
		*body = sf_json_compose_tokens(
			&app->success, NULL, &joiner->user);
	return err;
}

static enum sf_err join_chat(struct sf_app *app, char **body)
{
	struct sf_participant joiner;
	enum sf_err err = sf_app_read_body(app);

	if (!err)
		err = sf_json_parse_join(app->request.body,
			app->request.body_size, &joiner, &app->detail);
	return err ? err : enter(app, &joiner, body);
}

int main(int argc, char **argv)
{
	static const struct sf_method methods[] = {
		{ "POST", { SF_APP_CREATED }, join_chat },
		{ NULL, { SF_APP_OK }, NULL },
	};

	return sf_app_main(argc, argv, &(struct sf_resource){ methods });
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* create.json: POST makes a chat and answers with its code. */
#include "api/app.h"
#include "chat/limit.h"

static enum sf_err create_chat(struct sf_app *app, char **body)
{
	struct sf_participant creator;
	enum sf_err err = sf_app_skip_body(app);

	if (err)
		return err;
	err = sf_limit_take(&app->config,
		sf_request_variable(&app->request, "REMOTE_ADDR"),
		sf_desk_now(), &app->retry_seconds);
	if (err)
		return sf_detail_set(&app->detail, err,
			"too many chats were created from this address");
	if ((err = sf_app_open_store(app)) ||
		(err = sf_desk_create(&app->desk, &creator)))
		return err;
	*body = sf_json_compose_tokens(
		&app->success, &creator.chat, &creator.user);
	return SF_OK;
}

int main(int argc, char **argv)
{
	static const struct sf_method methods[] = {
		{ "POST", { SF_APP_CREATED }, create_chat },
		{ NULL, { SF_APP_OK }, NULL },
	};

	return sf_app_main(argc, argv, &(struct sf_resource){ methods });
}

// The client of the sample business server.

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class Api {
  #token = "";
  // onUnauthorized is called when the server refuses the token. It resolves to
  // whether there is a new one, and then the request is repeated once.
  onUnauthorized = async () => false;

  useToken(token) {
    this.#token = token;
  }

  // call makes a request and resolves to the JSON of its answer, or null if it has none.
  async #call(method, path, body) {
    const response = await this.#request(method, path, body);
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => null);
    if (answer === null) {
      // A proxy that fails, or a network that wants a login first, answers with a page.
      throw new ApiError(response.status, response.status >= 500 ? "unavailable" : "intercepted", "the answer is not JSON");
    }
    if (response.ok) return answer;
    throw new ApiError(response.status, answer.code ?? "internal", answer.message ?? response.statusText);
  }

  // request makes a request, and again with a new token where the token is refused.
  async #request(method, path, body) {
    const response = await this.#fetch(method, path, body);
    if (response.status === 401 && path !== "/api/login" && (await this.onUnauthorized())) return this.#fetch(method, path, body);
    return response;
  }

  // fetch makes one request. body is a Blob, or what becomes JSON.
  async #fetch(method, path, body) {
    const raw = body instanceof Blob;
    const headers = { Accept: "application/json" };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["Content-Type"] = raw ? body.type || "application/octet-stream" : "application/json";
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined || raw ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(raw ? 120_000 : 15_000),
        cache: "no-store",
      });
    } catch (cause) {
      throw new ApiError(0, "unavailable", String(cause));
    }
  }

  // file resolves to the Blob of an uploaded file.
  async file(path) {
    const response = await this.#request("GET", path);
    if (!response.ok) throw new ApiError(response.status, "not_found", "the file is not there");
    return response.blob();
  }

  config = () => this.#call("GET", "/api/config");
  login = (name) => this.#call("POST", "/api/login", { name });
  // studies resolves to all studies. With last each of the user has its newest message.
  studies = (last) => this.#call("GET", `/api/studies${last ? "?last" : ""}`);
  study = (id) => this.#call("GET", this.#path(id));
  createStudy = (name, approval) => this.#call("POST", "/api/studies", { name, approval });
  deleteStudy = (id) => this.#call("DELETE", this.#path(id));
  joinStudy = (id) => this.#call("POST", this.#path(id, "join"));
  leaveStudy = (id) => this.#call("POST", this.#path(id, "leave"));
  invite = (id) => this.#call("POST", this.#path(id, "invites"));
  acceptInvite = (code) => this.#call("POST", `/api/invites/${encodeURIComponent(code)}`);
  members = (id) => this.#call("GET", this.#path(id, "members"));
  requests = (id) => this.#call("GET", this.#path(id, "requests"));
  refuse = (id, user) => this.#call("DELETE", this.#path(id, "requests", user));
  kick = (id, user) => this.#call("DELETE", this.#path(id, "members", user));
  setRole = (id, user, role) => this.#call("PUT", this.#path(id, "members", user), { role });
  notices = (id) => this.#call("GET", this.#path(id, "notices"));
  notice = (id, message) => this.#call("POST", this.#path(id, "notices"), { message });
  pinNotice = (id, notice, pinned) => this.#call("PUT", this.#path(id, "notices", notice), { pinned });
  deleteNotice = (id, notice) => this.#call("DELETE", this.#path(id, "notices", notice));
  notifications = () => this.#call("GET", "/api/notifications");
  seeNotifications = () => this.#call("POST", "/api/notifications/seen");
  setPicture = (blob) => this.#call("PUT", "/api/me/picture", blob);
  search = (id, query) => this.#call("GET", `${this.#path(id, "search")}?${new URLSearchParams(query)}`);

  // upload resolves to the attachment for a file.
  upload = (id, blob, name) => this.#call("POST", `${this.#path(id, "files")}?${new URLSearchParams({ name })}`, blob);

  #path = (id, ...rest) => ["/api/studies", id, ...rest].map((part, i) => (i ? encodeURIComponent(part) : part)).join("/");

  // messages resolves to {messages, more}.
  async messages(id, query) {
    return this.#call("GET", `${this.#path(id, "messages")}?${new URLSearchParams(query)}`);
  }
}

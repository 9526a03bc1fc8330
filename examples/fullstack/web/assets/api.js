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

  async #call(method, path, body, again = true) {
    const headers = { Accept: "application/json" };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(15000),
        cache: "no-store",
      });
    } catch (cause) {
      throw new ApiError(0, "unavailable", String(cause));
    }
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => null);
    if (answer === null) {
      // A proxy that fails, or a network that wants a login first, answers with a page.
      throw new ApiError(response.status, response.status >= 500 ? "unavailable" : "intercepted", "the answer is not JSON");
    }
    if (response.ok) return answer;
    if (response.status === 401 && again && path !== "/api/login" && (await this.onUnauthorized())) {
      return this.#call(method, path, body, false);
    }
    throw new ApiError(response.status, answer.code ?? "internal", answer.message ?? response.statusText);
  }

  config = () => this.#call("GET", "/api/config");
  login = (name) => this.#call("POST", "/api/login", { name });
  studies = () => this.#call("GET", "/api/studies");
  createStudy = (name) => this.#call("POST", "/api/studies", { name });
  deleteStudy = (id) => this.#call("DELETE", `/api/studies/${encodeURIComponent(id)}`);
  joinStudy = (id) => this.#call("POST", `/api/studies/${encodeURIComponent(id)}/join`);
  leaveStudy = (id) => this.#call("POST", `/api/studies/${encodeURIComponent(id)}/leave`);
  members = (id) => this.#call("GET", `/api/studies/${encodeURIComponent(id)}/members`);
  kick = (id, user) =>
    this.#call("DELETE", `/api/studies/${encodeURIComponent(id)}/members/${encodeURIComponent(user)}`);
  notice = (id, message) => this.#call("POST", `/api/studies/${encodeURIComponent(id)}/notices`, { message });

  // messages resolves to {messages, more}.
  async messages(id, query) {
    return this.#call("GET", `/api/studies/${encodeURIComponent(id)}/messages?${new URLSearchParams(query)}`);
  }
}

// The texts of the page in Korean and English, and dates. The browser's list of
// languages decides; the default is English.

const ko = {
  tagline: "같이 공부하는 사람들의 조용한 방",
  yourName: "이름",
  namePlaceholder: "예: 김민지",
  enter: "들어가기",
  loginHint: "비밀번호 없이 이름만으로 들어가는 데모입니다. 같은 이름은 같은 사람입니다.",
  loginOff: "여기서는 이름으로 들어갈 수 없고, 이 페이지가 아는 다른 방법은 없습니다.",
  nameBad: "이름은 1~40자로 적어 주세요.",
  studies: "스터디",
  myStudies: "내 스터디",
  otherStudies: "다른 스터디",
  newStudy: "새 스터디",
  studyName: "스터디 이름",
  studyPlaceholder: "예: 목요일 알고리즘",
  create: "만들기",
  cancel: "취소",
  close: "닫기",
  join: "참여",
  joined: "{name} 스터디에 참여했습니다.",
  noStudies: "아직 참여한 스터디가 없습니다. 새로 만들거나 아래에서 골라 참여해 보세요.",
  noStudiesAtAll: "아직 스터디가 하나도 없습니다. 첫 스터디를 만들어 보세요.",
  pickStudy: "스터디를 고르면 대화가 여기에 펼쳐집니다.",
  memberCount: "{n}명",
  ledBy: "{name} 님의 스터디",
  members: "멤버",
  onlineCount: "{n}명 접속 중",
  online: "접속 중",
  offline: "오프라인",
  lastSeen: "{when} 접속",
  owner: "방장",
  you: "나",
  remove: "내보내기",
  removeAsk: "{name} 님을 이 스터디에서 내보낼까요?",
  removed: "{name} 님을 내보냈습니다.",
  leave: "스터디 나가기",
  leaveAsk: "{name} 스터디에서 나갈까요?",
  deleteStudy: "스터디 삭제",
  deleteAsk: "{name} 스터디를 모두에게서 삭제할까요? 되돌릴 수 없습니다.",
  message: "메시지",
  messageTo: "{name}에 메시지 쓰기",
  send: "보내기",
  charsLeft: "{n}자 남음",
  charsOver: "{n}자 초과",
  sending: "보내는 중",
  waiting: "연결되면 보냅니다",
  delayed: "지금은 저장할 수 없어 다시 시도하는 중",
  failed: "보내지 못함",
  retry: "다시 시도",
  discard: "지우기",
  deleted: "삭제된 메시지입니다.",
  edited: "(수정됨)",
  newMessages: "새 메시지 {n}개",
  toNewest: "맨 아래로",
  unreadLine: "여기부터 새 메시지",
  loadingOlder: "이전 대화를 불러오는 중…",
  olderFailed: "이전 대화를 불러오지 못했습니다.",
  historyFailed: "대화를 불러오지 못했습니다.",
  beginning: "대화의 시작입니다.",
  emptyChat: "아직 조용하네요. 첫마디를 남겨 보세요.",
  today: "오늘",
  yesterday: "어제",
  notice: "공지",
  notices: "공지 보내기",
  noticeHint: "지금 접속해 있는 멤버 모두에게 알림으로 갑니다.",
  noticePlaceholder: "예: 내일 모임은 8시로 옮깁니다",
  noticeSent: "공지를 보냈습니다.",
  notifications: "알림",
  noNotifications: "새 알림이 없습니다.",
  open: "열기",
  back: "목록으로",
  logout: "로그아웃",
  live: "연결됨",
  connecting: "연결 중…",
  reconnecting: "연결이 끊겼습니다. 다시 연결하는 중…",
  retryIn: "{n}초 뒤 다시 연결합니다.",
  retryNow: "지금 연결",
  browserOffline: "인터넷 연결이 없습니다. 쓴 글은 보관됩니다.",
  crowded: "다른 창이 너무 많이 열려 있습니다. 몇 개를 닫아 주세요.",
  expired: "다시 로그인해 주세요.",
  kickedOut: "{name} 스터디의 멤버가 아닙니다.",
  studyGone: "{name} 스터디가 삭제되었습니다.",
  welcome: "{name} 스터디에 오신 것을 환영합니다.",
  notMember: "이 스터디의 멤버가 아닙니다.",
  tooLarge: "글이 너무 깁니다. 2,000자까지 보낼 수 있습니다.",
  forbidden: "이 스터디의 멤버가 아니어서 보낼 수 없습니다.",
  intercepted: "이 채팅 서버가 아닌 곳에서 답이 왔습니다. 로그인이 필요한 네트워크인지 확인해 주세요.",
  unavailable: "지금은 되지 않습니다. 잠시 뒤 다시 시도해 주세요.",
  wrong: "문제가 생겼습니다. 다시 시도해 주세요.",
  skip: "메시지 쓰기로 건너뛰기",
  menu: "스터디 메뉴",
};

const en = {
  tagline: "A quiet room for people who study together",
  yourName: "Your name",
  namePlaceholder: "e.g. Minji Kim",
  enter: "Come in",
  loginHint: "This demo asks for a name and no password. The same name is the same person.",
  loginOff: "Logging in by name is switched off here, and this page knows no other way.",
  nameBad: "Please write a name of 1 to 40 characters.",
  studies: "Studies",
  myStudies: "My studies",
  otherStudies: "Other studies",
  newStudy: "New study",
  studyName: "Name of the study",
  studyPlaceholder: "e.g. Thursday algorithms",
  create: "Create",
  cancel: "Cancel",
  close: "Close",
  join: "Join",
  joined: "You joined {name}.",
  noStudies: "You are in no study yet. Start one, or join one from the list below.",
  noStudiesAtAll: "There is no study yet. Start the first one.",
  pickStudy: "Pick a study and its conversation opens here.",
  memberCount: "{n} members",
  memberCountOne: "1 member",
  ledBy: "led by {name}",
  members: "Members",
  onlineCount: "{n} online",
  online: "Online",
  offline: "Offline",
  lastSeen: "Seen {when}",
  owner: "Owner",
  you: "You",
  remove: "Remove",
  removeAsk: "Remove {name} from this study?",
  removed: "{name} was removed.",
  leave: "Leave study",
  leaveAsk: "Leave {name}?",
  deleteStudy: "Delete study",
  deleteAsk: "Delete {name} for everyone? This cannot be undone.",
  message: "Message",
  messageTo: "Write to {name}",
  send: "Send",
  charsLeft: "{n} left",
  charsOver: "{n} over",
  sending: "Sending",
  waiting: "Goes out once connected",
  delayed: "Cannot be stored right now, trying again",
  failed: "Not sent",
  retry: "Retry",
  discard: "Discard",
  deleted: "This message was deleted.",
  edited: "(edited)",
  newMessages: "{n} new messages",
  newMessagesOne: "1 new message",
  toNewest: "To the newest",
  unreadLine: "New from here",
  loadingOlder: "Loading earlier messages…",
  olderFailed: "Earlier messages could not be loaded.",
  historyFailed: "The conversation could not be loaded.",
  beginning: "This is where the conversation begins.",
  emptyChat: "It is quiet here. Say the first word.",
  today: "Today",
  yesterday: "Yesterday",
  notice: "Notice",
  notices: "Send a notice",
  noticeHint: "It reaches every member who is here now, as a notification.",
  noticePlaceholder: "e.g. We meet at eight tomorrow",
  noticeSent: "The notice is out.",
  notifications: "Notifications",
  noNotifications: "Nothing new.",
  open: "Open",
  back: "Back to the list",
  logout: "Log out",
  live: "Connected",
  connecting: "Connecting…",
  reconnecting: "Connection lost. Reconnecting…",
  retryIn: "Reconnecting in {n} s.",
  retryNow: "Connect now",
  browserOffline: "You are offline. What you write is kept.",
  crowded: "Too many windows are open. Please close a few.",
  expired: "Please log in again.",
  kickedOut: "You are no longer a member of {name}.",
  studyGone: "{name} was deleted.",
  welcome: "Welcome to {name}.",
  notMember: "You are not a member of this study.",
  tooLarge: "This is too long: at most 2,000 characters.",
  forbidden: "You are not a member of this study, so this cannot be sent.",
  intercepted: "The answer did not come from this chat. Does this network want you to log in first?",
  unavailable: "This does not work right now. Try again in a moment.",
  wrong: "Something went wrong. Please try again.",
  skip: "Skip to writing a message",
  menu: "Study menu",
};

const languages = { ko, en };

export const language =
  (navigator.languages ?? [navigator.language])
    .map((tag) => tag.toLowerCase().split("-")[0])
    .find((tag) => tag in languages) ?? "en";

// t returns the text of a key with the {names} in it replaced. For n = 1 it takes
// the key with "One" appended, if the language has that key.
export function t(key, values = {}) {
  const texts = languages[language];
  const one = values.n === 1 ? texts[key + "One"] : undefined;
  return (one ?? texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { month: "long", day: "numeric", weekday: "long" });
const dayOfYear = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

export const timeOf = (date) => clock.format(date);
export const fullTimeOf = (date) => full.format(date);

// dayOf names a day: today, yesterday, or the date.
export function dayOf(date, now = new Date()) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate());
  const ago = Math.round((midnight(now) - midnight(date)) / 864e5);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date);
}

// agoOf says roughly how long ago date is.
export function agoOf(date, now = new Date()) {
  const minutes = Math.round((date - now) / 6e4);
  if (minutes > -60) return relative.format(Math.min(minutes, 0), "minute");
  if (minutes > -60 * 24) return relative.format(Math.round(minutes / 60), "hour");
  return relative.format(Math.round(minutes / 60 / 24), "day");
}

// translate fills in the texts of index.html, which holds only their keys.
export function translate(root = document) {
  document.documentElement.lang = language;
  for (const el of root.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t);
  for (const el of root.querySelectorAll("[data-t-label]")) {
    el.setAttribute("aria-label", t(el.dataset.tLabel));
    if (el.tagName === "BUTTON") el.title = t(el.dataset.tLabel);
  }
  for (const el of root.querySelectorAll("[data-t-placeholder]")) el.placeholder = t(el.dataset.tPlaceholder);
}

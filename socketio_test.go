package coup_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

// conversations walk through the documents of Socket.IO 5 and docs/protocol.md. Each is held over
// a WebSocket and over long-polling. sN are studies that only this conversation uses.
var conversations = []struct{ name, script string }{
	// CONNECT
	{"a CONNECT without a token is answered", opened + `> 40
		< 40{"sid":"*","pid":"*"}`},
	{"a CONNECT with an empty object", opened + `> 40{}
		< 40{"sid":"*","pid":"*"}`},
	{"a CONNECT with fields of the application", opened + `> 40{"x":[1,{"y":null}],"token":"u1"}
		< 40{*}
		< 42["auth_success",{"userId":"u1","userName":"","expiresAt":"*Z"}]`},
	{"a token with a name", opened + `> 40{"token":"u1:Mina"}
		< 40{*}
		< 42["auth_success",{"userId":"u1","userName":"Mina","expiresAt":"*"}]`},
	{"a wrong token is refused for good", opened + `> 40{"token":"bad"}
		< 44{"message":"the token is not valid","data":{"code":"token_invalid"}}
		< 41
		end`},
	{"an old token", opened + `> 40{"token":"old"}
		< 44{"message":"the token has expired","data":{"code":"token_expired"}}
		< 41
		end`},
	{"a token that cannot be checked now ends the transport only", opened + `> 40{"token":"later"}
		end`},
	{"a token of another type", opened + `> 40{"token":7}
		< 44{"message":"token must be a string","data":{"code":"bad_request"}}
		< 41
		end`},
	{"CONNECT with an array", opened + "> 40[]\nend"},
	{"CONNECT with a string", opened + "> 40\"x\"\nend"},
	{"CONNECT with null", opened + "> 40null\nend"},
	{"CONNECT with half an object", opened + "> 40{\"token\":\nend"},
	{"CONNECT with something behind the object", opened + "> 40{}x\nend"},
	{"CONNECT with an id", opened + "> 401{}\nend"},
	{"CONNECT to the namespace by name", opened + `> 40/,{"token":"u1"}
		< 40{*}
		< 42["auth_success",*`},
	{"a query in the namespace is ignored", opened + `> 40/?a=b,{"token":"u1"}
		< 40{*}
		< 42["auth_success",*`},
	{"a second CONNECT", opened + "> 40\n< 40{*}\n> 40\nend"},
	{"another namespace is refused, and the transport stays", opened + `> 40/admin,{"token":"u1"}
		< 44/admin,{"message":"Invalid namespace"}
		> 40/x
		< 44/x,{"message":"Invalid namespace"}
		> 40
		< 40{*}`},
	{"an event of another namespace", opened + "> 40\n< 40{*}\n> 42/admin,[\"x\"]\nend"},
	{"an event before CONNECT", opened + "> 42[\"authenticate\",{\"token\":\"u1\"}]\nend"},
	{"DISCONNECT before CONNECT", opened + "> 41\nend"},

	// authenticate by event
	{"authenticate without a callback", opened + `> 40
		< 40{*}
		> 42["authenticate",{"token":"u1"}]
		< 42["auth_success",{"userId":"u1","userName":"","expiresAt":"*"}]`},
	{"authenticate with a callback", opened + `> 40
		< 40{*}
		> 420["authenticate",{"token":"u1"}]
		< 42["auth_success",{"userId":"u1",*}]
		< 430[{"ok":true,"userId":"u1","userName":"","expiresAt":"*"}]`},
	{"authenticate with a wrong token", opened + `> 40
		< 40{*}
		> 421["authenticate",{"token":"bad"}]
		< 42["auth_error",{"message":"*","code":"token_invalid"}]
		< 431[{"ok":false,"error":{"code":"token_invalid","message":"*"}}]
		< 41
		end`},
	{"authenticate that cannot be checked now", opened + `> 40
		< 40{*}
		> 421["authenticate",{"token":"later"}]
		< 431[{"ok":false,"error":{"code":"unavailable","message":"*"}}]
		> 42["authenticate",{"token":"later"}]
		< 42["error",{"code":"unavailable","message":"*"}]`},
	{"authenticate without a token", opened + `> 40
		< 40{*}
		> 421["authenticate",{}]
		< 431[{"ok":false,"error":{"code":"bad_request","message":"token is missing"}}]`},
	{"something else before authenticate", opened + `> 40
		< 40{*}
		> 421["join_room",{"studyId":"s1"}]
		< 431[{"ok":false,"error":{"code":"unauthorized","message":"authenticate first"}}]`},
	{"a renewal", entered("u1") + `> 421["authenticate",{"token":"u1"}]
		< 42["auth_success",*
		< 431[{"ok":true,*`},
	{"a renewal that fails leaves the old token in force", entered("u1") + `> 421["authenticate",{"token":"bad"}]
		< 42["auth_error",{"message":"*","code":"token_invalid"}]
		< 431[{"ok":false,*` + "\n" + joined("s1")},
	{"a renewal of somebody else", entered("u1") + `> 421["authenticate",{"token":"u2"}]
		< 42["auth_error",{"message":"*","code":"user_mismatch"}]
		< 431[{"ok":false,"error":{"code":"user_mismatch",*`},

	// events and their answers
	{"join, send, leave", entered("u1:Mina") + joined("s2") + `> 4212["send_message",{"studyId":"s2","content":" hello 한글 ","clientId":"c1"}]
		< 4312[{"ok":true,"id":"*","studyId":"s2","seq":1,"sentAt":"*Z","clientId":"c1"}]
		< 42["new_message",{"id":"*","studyId":"s2","seq":1,"userId":"u1","userName":"Mina","content":"hello 한글","sentAt":"*Z","clientId":"c1"},"s2:1:*"]
		> 4213["leave_room",{"studyId":"s2"}]
		< 42["cursor",""]
		< 4313[{"ok":true,"studyId":"s2"}]`},
	{"without a callback there is no answer", entered("u1") + `> 42["join_room",{"studyId":"s3"}]
		< 42["cursor","s3:0:"]
		> 42["leave_room",{"studyId":"s3"}]
		< 42["cursor",""]
		> 421["leave_room",{"studyId":"s3"}]
		< 431[{"ok":false,"error":{"code":"not_joined","message":"*"}}]`},
	{"an error without a callback", entered("u1") + `> 42["leave_room",{"studyId":"s3"}]
		< 42["error",{"code":"not_joined","message":"*"}]`},
	{"the id 0", entered("u1") + `> 420["leave_room",{"studyId":"s3"}]
		< 430[*`},
	{"the longest id", entered("u1") + `> 429007199254740991["leave_room",{"studyId":"s3"}]
		< 439007199254740991[*`},
	{"an id that is too long", entered("u1") + "> 4212345678901234567[\"leave_room\",{\"studyId\":\"s3\"}]\nend"},
	{"an id behind the namespace by name", entered("u1") + `> 42/,7["leave_room",{"studyId":"s3"}]
		< 437[*`},
	{"two rooms", entered("u1") + joined("s4") + `> 422["join_room",{"studyId":"a:b"}]
		< 42["cursor","s4:0:,a:b:0:"]
		< 432[{"ok":true,"studyId":"a:b","seq":0}]
		> 42["send_message",{"studyId":"s4","content":"x"}]
		< 42["new_message",{*},"s4:1:*,a:b:0:"]
		> 42["leave_room",{"studyId":"s4"}]
		< 42["cursor","a:b:0:"]`},
	{"join again with after", entered("u1") + joined("s5") + `> 42["send_message",{"studyId":"s5","content":"one"}]
		< 42["new_message",{*},"s5:1:*"]
		> 422["join_room",{"studyId":"s5","after":0}]
		< 42["cursor","s5:0:"]
		< 432[{"ok":true,"studyId":"s5","seq":1,"sentAt":"*"}]
		< 42["new_message",{*"content":"one"*},"s5:1:*"]`},
	{"a join of what is above the newest", entered("u1") + `> 421["join_room",{"studyId":"s6","after":7}]
		< 42["cursor","s6:0:"]
		< 431[{"ok":true,"studyId":"s6","seq":0,"reset":true}]`},
	{"an unknown event", entered("u1") + `> 421["shout",{}]
		< 431[{"ok":false,"error":{"code":"bad_request","message":"unknown event"}}]`},
	{"an event without data", entered("u1") + `> 421["join_room"]
		< 431[{"ok":false,"error":{"code":"bad_request","message":"studyId is missing"}}]`},
	{"data that is no object", entered("u1") + `> 421["join_room","s1"]
		< 431[{"ok":false,"error":{"code":"bad_request","message":"data must be an object"}}]
		> 422["join_room",null]
		< 432[{"ok":false,*
		> 423["join_room",["s1"]]
		< 433[{"ok":false,*`},
	{"further arguments are ignored", entered("u1") + `> 421["leave_room",{"studyId":"s3"},"more",{"x":1}]
		< 431[{"ok":false,"error":{"code":"not_joined",*`},
	{"a duplicate key", entered("u1") + `> 421["leave_room",{"studyId":"s3","studyId":"s3"}]
		< 431[{"ok":false,"error":{"code":"bad_request","message":"duplicate key in an object"}}]`},
	{"half a surrogate pair", entered("u1") + `> 421["send_message",{"studyId":"s3","content":"\ud83d"}]
		< 431[{"ok":false,"error":{"code":"bad_request",*`},
	{"NUL", entered("u1") + `> 421["send_message",{"studyId":"s3","content":"a\u0000"}]
		< 431[{"ok":false,"error":{"code":"bad_request",*`},
	{"nested too deeply", entered("u1") + `> 421["leave_room",` + strings.Repeat(`{"a":`, 24) + "1" + strings.Repeat("}", 24) + `]
		< 431[{"ok":false,"error":{"code":"bad_request",*`},
	{"a number for a name", entered("u1") + `> 421[7,{}]
		< 431[{"ok":false,"error":{"code":"bad_request",*`},
	{"content that is empty", entered("u1") + joined("s7") + `> 422["send_message",{"studyId":"s7","content":" "}]
		< 432[{"ok":false,"error":{"code":"empty","message":"*"}}]`},
	{"an event that is no JSON", entered("u1") + "> 42[\"x\",\nend"},
	{"an event with something behind it", entered("u1") + "> 42[\"x\",{}]1\nend"},
	{"an event that is an object", entered("u1") + "> 42{\"x\":1}\nend"},
	{"an event without a name", entered("u1") + "> 42[]\nend"},
	{"an event without anything", entered("u1") + "> 42\nend"},
	{"an event with a reserved name", entered("u1") + "> 42[\"disconnect\"]\nend"},
	{"another reserved name", entered("u1") + "> 42[\"newListener\",{}]\nend"},
	{"an answer that nobody asked for", entered("u1") + "> 431[1]\n" + joined("s1")},
	{"an answer that is no array", entered("u1") + "> 431{}\nend"},
	{"CONNECT_ERROR from a client", entered("u1") + "> 44{}\nend"},
	{"a packet of an unknown type", entered("u1") + "> 47\nend"},
	{"a packet without a type", entered("u1") + "> 4\nend"},

	// DISCONNECT
	{"DISCONNECT leaves the transport open, and CONNECT comes again", entered("u1") + joined("s8") + `> 41
		> 40{"token":"u2"}
		< 40{"sid":"*","pid":"*"}
		< 42["auth_success",{"userId":"u2",*
		> 421["send_message",{"studyId":"s8","content":"x"}]
		< 431[{"ok":false,"error":{"code":"not_joined",*`},
	{"an event after DISCONNECT", entered("u1") + "> 41\n> 42[\"x\"]\nend"},
	{"DISCONNECT with something in it", entered("u1") + "> 41{}\nend"},

	// binary
	{"a binary event is refused once", entered("u1") + `> 452-7["send_message",{"studyId":"s3","content":{"_placeholder":true,"num":0}}]
		< 437[{"ok":false,"error":{"code":"bad_request","message":"binary data is not understood"}}]
		> bAQID
		> bAQID
		> 428["leave_room",{"studyId":"s3"}]
		< 438[*`},
	{"a binary event without binary data", entered("u1") + `> 450-7["leave_room",{"studyId":"s3"}]
		< 437[{"ok":false,"error":{"code":"bad_request",*`},
	{"too much binary data", entered("u1") + "> 4511-[\"x\"]\nend"},
	{"a binary event without a count", entered("u1") + "> 45[\"x\"]\nend"},
	{"binary data that was not announced", entered("u1") + "> bAQID\nend"},
	{"text in place of binary data", entered("u1") + `> 451-7["x",{}]
		< 437[*
		> 42["x"]
		end`},
	{"a binary answer", entered("u1") + "> 461-1[{\"_placeholder\":true,\"num\":0}]\n> bAQID\n" + joined("s1")},

	// recovery
	{"a client gets back what it missed, after the answer", opened + `> 40{"token":"u1","pid":"p1","offset":"full:2:"}
		< 40{"sid":"*","pid":"p1"}
		< 42["auth_success",{"userId":"u1",*
		< 42["new_message",{*"seq":3,*},"full:3:*"]
		< 42["new_message",{*"seq":4,*},"full:4:*"]
		> 421["leave_room",{"studyId":"full"}]
		< 42["cursor",""]
		< 431[{"ok":true,"studyId":"full"}]`},
	{"nothing was missed", opened + `> 40{"token":"u1","pid":"p1","offset":"full:4:"}
		< 40{"sid":"*","pid":"p1"}
		< 42["auth_success",*
		> 421["leave_room",{"studyId":"full"}]
		< 42["cursor",""]
		< 431[{"ok":true,"studyId":"full"}]`},
	{"of several rooms", opened + `> 40{"token":"u1","pid":"p1","offset":"full:3:,s9:0:"}
		< 40{"sid":"*","pid":"p1"}
		< 42["auth_success",*
		< 42["new_message",{*"seq":4,*},"full:4:*,s9:0:"]
		> 42["leave_room",{"studyId":"full"}]
		< 42["cursor","s9:0:"]`},
	{"a membership that is gone", opened + `> 40{"token":"u1","pid":"p1","offset":"full:3:,secret:3:"}
		< 40{"sid":"*","pid":"p1"}
		< 42["auth_success",*
		< 42["room_left",{"studyId":"secret","reason":"membership_lost"}]
		< 42["cursor","full:3:"]
		< 42["new_message",{*"seq":4,*},"full:4:*"]`},
	{"a seq above the newest", opened + lost(`"full:5:"`)},
	{"another time", opened + lost(`"full:3:abc"`)},
	{"more than can be replayed", opened + lost(`"large:1:"`)},
	{"a cursor that is none", opened + lost(`"full"`)},
	{"an empty cursor", opened + lost(`""`)},
	{"a cursor of another type", opened + lost(`7`)},
	{"the same room twice", opened + lost(`"full:3:,full:2:"`)},
	{"a pid that is too long", opened + fmt.Sprintf(`> 40{"token":"u1","pid":"%s","offset":"full:4:"}
		< 42["cursor",""]
		< 40{"sid":"*","pid":"*"}
		< 42["auth_success",*`, strings.Repeat("p", 65))},
	{"an offset without a pid", opened + `> 40{"token":"u1","offset":"full:3:"}
		< 40{"sid":"*","pid":"*"}
		< 42["auth_success",*
		> 421["leave_room",{"studyId":"full"}]
		< 431[{"ok":false,"error":{"code":"not_joined",*`},
	{"a pid without a token", opened + `> 40{"pid":"p1","offset":"full:3:"}
		< 42["cursor",""]
		< 40{"sid":"*","pid":"*"}
		> 421["leave_room",{"studyId":"full"}]
		< 431[{"ok":false,"error":{"code":"unauthorized",*`},
}

// lost is a CONNECT with an offset after which the client has to join anew.
func lost(offset string) string {
	return fmt.Sprintf(`> 40{"token":"u1","pid":"p1","offset":%s}
		< 42["cursor",""]
		< 40{"sid":"*","pid":"*"}
		< 42["auth_success",*
		> 421["leave_room",{"studyId":"full"}]
		< 431[{"ok":false,"error":{"code":"not_joined",*
`, offset)
}

func TestSocketIOConversations(t *testing.T) {
	if len(conversations) < 50 {
		t.Errorf("%d conversations, want at least 50", len(conversations))
	}
	members := store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
		if study == "secret" {
			return "", store.ErrNotFound
		}
		return "member", nil
	})
	eachVerifier(t, func(t *testing.T, k kind, v auth.Verifier) {
		for name, open := range transports {
			t.Run(name, func(t *testing.T) {
				for _, tt := range conversations {
					t.Run(tt.name, func(t *testing.T) {
						t.Parallel()
						opts := coup.Options{Store: store.NewMemory(), Members: members, Verifier: v}
						fill(t, opts.Store, "full", 4)
						fill(t, opts.Store, "large", 600)
						fill(t, opts.Store, "secret", 4)
						_, url := k.serve(t, opts)
						p := open(t, url)
						play(t, p, tt.script)
						p.close() // else the server waits for it when it shuts down
					})
				}
			})
		}
	})
}

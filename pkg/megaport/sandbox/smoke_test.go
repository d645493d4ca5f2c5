package sandbox
import ("testing";"os";"time")
func TestSmoke(t *testing.T){
 a:=start(t,Config{})
 u:=a.buy(london); l:=a.buy(londonLAG)
 t.Logf("%s", a.do("POST","/v3/networkdesign/validate","["+london+"]").body)
 t.Logf("%s", a.get("/v2/product/"+u[0]).body)
 t.Logf("%s", a.get("/v2/product/"+u[0]+"/loa").body)
 a.clock.advance(4*time.Second)
 os.WriteFile("/tmp/loa1.pdf", a.get("/v2/product/"+u[0]+"/loa").want(200).body,0o644)
 os.WriteFile("/tmp/loa2.pdf", a.get("/v2/product/"+l[1]+"/loa").want(200).body,0o644)
 t.Logf("%s", a.get("/_sandbox/record").body)
}

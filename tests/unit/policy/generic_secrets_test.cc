// Secrets without a vendor's mark, in the carriers they travel in, and what looks like them in
// source code, configuration and prose. Shapes after the public rule sets; the values are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy_support.h"

namespace customhouse::policy {
namespace {

struct Leak {
  const char* text;
  const char* secret;  // must lie in a finding
};

std::string secrets_in(const std::string& text) {
  std::string all;
  for (const Finding& f : find_in(text)) {
    if (f.confidence < Confidence::Medium) continue;
    all += text.substr(f.begin, f.end - f.begin) + "\n";
  }
  return all;
}

void expect_found(std::initializer_list<Leak> leaks) {
  for (const Leak& leak : leaks) {
    EXPECT_THAT(secrets_in(leak.text), testing::HasSubstr(leak.secret)) << leak.text;
  }
}
void expect_clean(std::initializer_list<const char*> texts) {
  for (const char* text : texts) EXPECT_EQ(secrets_in(text), "") << text;
}

TEST(GenericSecrets, AreFoundInSourceCode) {
  expect_found({
      {"private static String CLIENT_SECRET = \"6fb1cff7690db9ac066cadbbde8e3c07\";", "6fb1cff7"},
      {"buildConfigField 'String', 'API_KEY', '\"951bc382db9cfee29c68634761dd6e19\"'", "951bc382"},
      {"const apiKey = `zx81klm39qwerty77uio`;", "zx81klm39qwerty77uio"},
      {"$token = \"58oo4mvqr2tpw7b4w3loeckwfu5o6nw3sihfckvlwoxgqimlddza\"", "58oo4mvqr2"},
      {"var personalAccessToken = \"zpczok4kqgnw5prpfy3ehiylbqvgbjfkdiqkejsxqamy7qbkep7q\";",
       "zpczok4kqgnw5prp"},
      {"new NetworkCredential(\"builds@example.com\", \"vzihlaquknriqlh7\")", "vzihlaquknriqlh7"},
      {"new DirectoryEntry(\"LDAP://EXAMPLE\", \"ADM@EXAMPLE\", \"Rrhh1234\")", "Rrhh1234"},
      {"username='don', password='1qay@WXS!!#'", "1qay@WXS!!#"},
      {"common.login({username: 'geronimo', password: '52VeZqtHDCdAr5yM'});", "52VeZqtHDCdAr5yM"},
      {":password       => '4ian1234',", "4ian1234"},
      {"my_password := \"super$ecret\"", "super$ecret"},
      {"'vm_password': \"Pass123!@#\",", "Pass123!@#"},
      {"SECRET_KEY = 'q7x-z1wl(r2xc6vb1n)k7p=tm_a+h5gds9a'", "q7x-z1wl(r2xc6vb1n)k7p"},
      {"conn = psycopg2.connect(host='db', user='app', password='Xk29fjq!')", "Xk29fjq!"},
  });
}

TEST(GenericSecrets, AreFoundInConfiguration) {
  expect_found({
      {"spring.datasource.password=Xk29fjq7\n", "Xk29fjq7"},
      {"user = Aladdin\npassword = open_sesame7\n", "open_sesame7"},
      {"export STRIPE_WEBHOOK_SECRET=9f8a7b6c5d4e3f2a1b0c\n", "9f8a7b6c5d4e3f2a1b0c"},
      {"ENV JWT_SECRET 9f8a7b6c5d4e3f2a1b0c\n", "9f8a7b6c5d4e3f2a1b0c"},
      {"  - name: DB_PASSWORD\n    value: Xk29fjq7zz\n", "Xk29fjq7zz"},
      {"<add key=\"FromEmailPassword\" value=\"Prestigitariu$\"/>", "Prestigitariu$"},
      {"HostName=hub.azure-devices.net;SharedAccessKeyName=all;SharedAccessKey="
       "S8ii67l3Gd1Ba69az78iP9UksewzhjvUfh1DIuDs30w=",
       "S8ii67l3Gd1Ba69az78iP9Uksewzhjv"},
      {"Endpoint=https://c.azconfig.io;Id=09pv-l0-s0:opFCQMC6;Secret="
       "GcoEA53t7GLRNJ910M46IrbHO/Vg0tt4HujRdsaCoTY=",
       "GcoEA53t7GLRNJ910M46Irb"},
      {"Provider=SQLNCLI;Server=s;Database=d;Uid=me;Pwd=myPassw0rd;", "myPassw0rd"},
      {"Server=s; Database=d; User Id=kmw; password= sK!g2Ex_=jJ6Gx5v", "sK!g2Ex_=jJ6Gx5v"},
      {"AWS_SECRET_ACCESS_KEY: q7xZ1wLr2Xc6Vb1Nk7pT/AH5gDs9aYe3Uf0Jo4Ki", "q7xZ1wLr2Xc6Vb1Nk7pT"},
      {"apiVersion: v1\nkind: Secret\ndata:\n  password: WGsyOWZqcTd6eg==\n", "WGsyOWZqcTd6eg=="},
      {"{\"access_token\":\"q7xZ1wLr2Xc6Vb1Nk7pT\",\"token_type\":\"Bearer\"}", "q7xZ1wLr2Xc6"},
      {"refresh_token: 1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d", "1a2b3c4d-5e6f"},
      {"X-Auth-Token: 3f9a0c7d21b84e56a1c2", "3f9a0c7d21b84e56a1c2"},
      {"https://hooks.example.com/in?token=3f9a0c7d21b84e56a1c2", "3f9a0c7d21b84e56a1c2"},
      {"mongodb+srv://app:Xk29fjq@cluster0.example.net/shop", "Xk29fjq"},
      {"amqps://svc:Xk29fjq@mq.example.com:5671/%2f", "Xk29fjq"},
      {"the default password is 'Secret123'", "Secret123"},
      {"echo \"The password for user 'postgres' is 'adm1n99'\"", "adm1n99"},
  });
}

TEST(GenericSecrets, StandInsAreNone) {
  expect_clean({
      "password = \"${DB_PASSWORD}\"",
      "api_key: {{ vault_api_key }}",
      "API_KEY=<your-api-key>",
      "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxx",
      "apiKey: 'YOUR_API_KEY_HERE'",
      "password: ********",
      "export PGPASSWORD=\"$gdcapi_db_password\"",
      "PASSWORD=$($(dirname $0)/../bin/get-setting LOCAL_DATABASE_PASSWORD)",
      "AccountName={2};AccountKey={3};",
      "SharedAccessKeyName=[Shared Access Key Name];SharedAccessKey=[Shared Access key goes here];",
      "token: %API_TOKEN%",
      "password: op://vault/item/password2024",
      "DB_PASSWORD=arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd",
      "secret=projects/my-project9/secrets/my-secret/versions/2",
      "secret: #{ENV['SECRET']}",
      "password: changeme",
  });
}

TEST(GenericSecrets, SourceCodeIsNone) {
  expect_clean({
      "def login(self, user='', password='', domain=''):",
      "password = os.environ['DB_PASSWORD']",
      "let accountKey = Buffer.from(\"accountKey\", \"base64\");",
      "char *password = NULL;",
      "pwd = (char *) (p + ulen + 2);",
      "sb.append(\"MasterUserPassword: \" + getMasterUserPassword() + \",\");",
      "this.addPassword = \"#add-password\";",
      "private final String password;",
      "password: string;",
      "token: &str,",
      "secret: Option<String>,",
      "api_key = config.get('api_key')",
      "const token = await getAccessTokenSilently({ audience });",
      "if (password === confirmPassword) {",
      "password=credentials.password,",
      "test('password_reset_token_expires_after_24h', () => {})",
      "token = tokens[index2]",
  });
}

TEST(GenericSecrets, HashesIdsAndAssetsAreNone) {
  expect_clean({
      "\"integrity\": "
      "\"sha512-q7xZ1wLr2Xc6Vb1Nk7pTmAH5gDs9aYe3Uf0Jo4Ki8RUq7xZ1wLr2Xc6Vb1Nk7pTmAH5gDs9aYe3Uf0Jo4=="
      "\"",
      "commit 3f9a0c7d21b84e56a1c2e3f4051627383f9a0c7d",
      "id: 3f9a0c7d-21b8-4e56-a1c2-e3f405162738",
      "src: url(data:font/woff2;base64,d09GMgABAAAAAAzYAA4AAAAAGXgAAAyDAAEAAAAAAAAAAAAAAAAAAAA)",
      "<img "
      "src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI\">",
      "-----BEGIN CERTIFICATE-----\nMIIBkTCB+wIJAKHHCgVZU2T9MA0GCSqGSIb3\n-----END "
      "CERTIFICATE-----",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIq7xZ1wLr2Xc6Vb1Nk7pTmAH5gDs9aYe3Uf0Jo4Ki8R ada@host",
      "checksum = \"9f8a7b6c5d4e3f2a1b0c9f8a7b6c5d4e3f2a1b0c9f8a7b6c5d4e3f2a1b0c9f8a\"",
      "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
      "<meta name=\"csrf-token\" content=\"q7xZ1wLr2Xc6Vb1Nk7pT\">",
      "\"nextPageToken\": \"q7xZ1wLr2Xc6Vb1Nk7pT\"",
      ".token-keyword{color:#07a}.token-string{color:#690}",
  });
}

TEST(GenericSecrets, LabelsOfAUserInterfaceAreNone) {
  expect_clean({
      "\"password\": \"Enter your password\"",
      "\"password\": \"Password\"",
      "\"password\": \"Passwort vergessen?\"",
      "password: 'Contraseña'",
      "\"password\": \"Mot de passe\"",
      "\"password_hint\": \"At least 8 characters\"",
      "\"password\": \"login.form.password\"",
      "usernameLabel:\"Username or email:\",passwordLabel:\"Password:\",rememberMe:\"Remember "
      "me:\"",
      "The password must contain a digit.",
      "Your token has expired, please log in again.",
      "Secret: the best cookies need browned butter",
  });
}

TEST(GenericSecrets, WellKnownPasswordsAreLow) {
  for (const char* text : {"password: changeme", "\"password\": \"changeit\"",
                           "postgres://app:postgres@localhost/shop"}) {
    const auto findings = find_in(text);
    ASSERT_EQ(findings.size(), 1U) << text;
    EXPECT_EQ(findings[0].confidence, Confidence::Low) << text;
  }
}

TEST(GenericSecrets, PrivateKeysAreFoundEscapedAndOnOneLine) {
  const std::string body = "MHcCAQEEIOaB3dEf6hIj9lMn2pQr5tUv8xYzaB3dEf6hIj9lMn2pQr5tUv8xYz";
  const std::string begin = "-----BEGIN EC PRIVATE ", end = "-----END EC PRIVATE ";
  for (const char* line : {"\n", "\\n", "\r\n", " ", "\\\\n"}) {
    const std::string key = begin + "KEY-----" + line + body + line + end + "KEY-----";
    EXPECT_EQ(secrets_in("k: \"" + key + "\" x"), key + "\n") << line;
  }
}

}  // namespace
}  // namespace customhouse::policy

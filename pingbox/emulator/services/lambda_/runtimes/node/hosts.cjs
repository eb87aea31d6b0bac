// Which host names and addresses are AWS's, however they are written. The same rules as redirect/hosts.py.
"use strict";

const { isIP, isIPv6 } = require("node:net");

const AWS_HOST = new RegExp(
  "(^|\\.)(" +
    [
      "amazonaws\\.(com(\\.cn)?|eu|cn)",
      "(api|on)\\.aws",
      "aws\\.dev",
      "aws\\.amazon\\.com",
      "awsapps\\.com",
      "amazoncognito\\.com",
      "amazonaws-eusc\\.eu",
      "amazonwebservices\\.(com\\.cn|eu)",
      "(c2s|aws)\\.ic\\.gov",
      "sc2s\\.sgov\\.gov",
      "(csp|aws)\\.hci\\.ic\\.gov",
      "(cloud|cloud-aws)\\.adc-e\\.uk",
      "aws\\.scloud",
    ].join("|") +
    ")$",
);
// Where machines on AWS hand out the keys of their role.
const METADATA = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "instance-data",
  "instance-data.ec2.internal",
]);
const NOT_A_SERVICE = new Set(["dualstack", "fips", "vpce", "global"]);
const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d+$/;

// One spelling: small letters, ASCII, no brackets, no dot at the end; an IPv4 address in IPv6 clothing as IPv4.
function normalized(host) {
  const name = String(host).trim().replace(/^\[|\]$/g, "").toLowerCase();
  const bare = name.split("%")[0];
  if (isIP(bare) === 4) {
    return bare;
  }
  try {
    // URLs know every spelling of an address (2852039166, 0xA9FEA9FE, 0251.0376.0251.0376) and full-width letters.
    const { hostname } = new URL(isIPv6(bare) ? `http://[${bare}]/` : `http://${name}/`);
    const plain = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    return isIPv6(plain) ? embedded(plain) ?? plain : plain;
  } catch {
    return name.replace(/\.$/, "");
  }
}

// The IPv4 address inside: mapped (::ffff:…), compatible (::…), by NAT64 (64:ff9b::…) or 6to4 (2002:…).
function embedded(address) {
  const groups = groupsOf(address);
  const before = groups.slice(0, 6).join(":");
  if (["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"].includes(before) || (before === "0:0:0:0:0:0" && groups[6] !== "0")) {
    return dotted(groups[6], groups[7]);
  }
  return groups[0] === "2002" ? dotted(groups[1], groups[2]) : undefined;
}

function groupsOf(address) {
  const [left, right] = address.split("::").map((half) => half.split(":").filter(Boolean));
  return right === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
}

function dotted(high, low) {
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}

function isMetadata(host) {
  return METADATA.has(normalized(host));
}

function isAws(host) {
  const name = normalized(host);
  return AWS_HOST.test(name) || METADATA.has(name);
}

// The service as its host spells it: `dynamodb` for `dynamodb.us-east-1.amazonaws.com`, `s3` for a bucket's.
function serviceOf(host) {
  const labels = normalized(host).replace(AWS_HOST, "").split(".");
  return labels.filter((label) => label && !NOT_A_SERVICE.has(label) && !REGION.test(label)).pop();
}

module.exports = { isAws, isMetadata, normalized, serviceOf };

metadata description = 'One storage account with its containers, queues, soft delete, rules for pages of other origins, lifecycle and logs.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Account name, unique in all of Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Redundancy.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param sku string = 'Standard_LRS'

@description('Containers to create.')
param containers string[] = []

@description('Queues to create.')
param queues string[] = []

@description('Origins whose pages may send and fetch blobs at signed addresses, such as https://NAME.azurewebsites.net.')
param pageOrigins string[] = []

@description('Days for which deleted containers can be restored, and blobs as they were before they were deleted or overwritten.')
@minValue(1)
@maxValue(365)
param restoreDays int = 7

@description('Blobs can be restored, not containers alone. Where the host overwrites blobs all day, every state of them would be kept and paid for.')
param restoresBlobs bool = true

@description('Days without change after which what a job left in container work is deleted; 0 keeps it.')
@minValue(0)
param workDays int = 0

@description('Days after which sources in container input are deleted; 0 keeps them.')
@minValue(0)
param inputDays int = 0

@description('Days after which results in container output are deleted; 0 keeps them.')
@minValue(0)
param outputDays int = 0

@description('Let account keys open the account. Off unless a client knows no other way.')
param allowSharedKeys bool = false

@description('Close the account to the internet; it is then reached by private endpoints.')
param isPrivate bool = false

@description('Event Grid delivers to a queue of this account, which it cannot do over a private endpoint: the firewall then stays open to trusted Azure services and to nobody else.')
param acceptsEvents bool = false

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

// Ids of jobs begin with a letter or a digit. What begins with a dot in `work` belongs to no single job (index, rates,
// the key of watch links) and stays; a filter cannot exclude, and a rule takes ten prefixes.
var firstLetters = ['abcdefghi', 'jklmnopqr', 'stuvwxyz0', '123456789']
var workRules = [
  for (letters, i) in firstLetters: {
    name: 'work-${i}'
    days: workDays
    prefixes: map(range(0, length(letters)), at => 'work/${substring(letters, at, 1)}')
  }
]
var rules = filter(
  concat(workRules, [
    { name: 'input', days: inputDays, prefixes: ['input/'] }
    { name: 'output', days: outputDays, prefixes: ['output/'] }
  ]),
  rule => rule.days > 0
)

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: allowSharedKeys
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate && !acceptsEvents ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: { enabled: true, keyType: 'Account' }
        file: { enabled: true, keyType: 'Account' }
        queue: { enabled: true, keyType: 'Account' }
        table: { enabled: true, keyType: 'Account' }
      }
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: restoresBlobs ? { enabled: true, days: restoreDays } : { enabled: false }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: restoreDays
      }
      cors: {
        corsRules: empty(pageOrigins)
          ? []
          : [
              {
                allowedOrigins: pageOrigins
                allowedMethods: ['GET', 'HEAD', 'PUT', 'OPTIONS']
                allowedHeaders: ['*']
                exposedHeaders: ['*']
                maxAgeInSeconds: 3600
              }
            ]
      }
    }

    resource container 'containers' = [
      for containerName in containers: {
        name: containerName
        properties: {
          publicAccess: 'None'
        }
      }
    ]
  }

  resource queueService 'queueServices' = {
    name: 'default'
    properties: {}

    resource queue 'queues' = [
      for queueName in queues: {
        name: queueName
        properties: {}
      }
    ]
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-08-01' = if (!empty(rules)) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        for rule in rules: {
          name: 'delete-${rule.name}'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: rule.prefixes
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: rule.days
                }
              }
            }
          }
        }
      ]
    }
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: account::blobs
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
    metrics: [
      { category: 'Transaction', enabled: true }
    ]
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: account::queueService
  properties: {
    workspaceId: logAnalyticsId
    metrics: [
      { category: 'Transaction', enabled: true }
    ]
  }
}

@description('Resource ID of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Endpoint of its blobs, without a slash at its end.')
output blobEndpoint string = 'https://${account.name}.blob.${environment().suffixes.storage}'
